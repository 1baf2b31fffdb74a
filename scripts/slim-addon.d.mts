/** See `slim-addon.mjs`. */
export function slimAddon(addon: Buffer): Buffer;
