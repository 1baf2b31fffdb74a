// Whether the page shows a moment of the past: the head says which in `data-at`, and such a page does not change.

const { at } = { ...document.documentElement.dataset, ...document.body.dataset };
const ms = Number(at);

/** Epoch ms; null on a page of now. */
export const pastMs = at !== undefined && at !== '' && Number.isFinite(ms) ? ms : null;
