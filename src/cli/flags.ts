import type { Argv } from 'yargs';

/** Options that commands have in common. Commands are many and short, so nothing here loads what only some need. */

export type Flags = Readonly<Record<string, unknown>>;

/** Options of every command that looks for a head or reads the settings. */
export function withCommonOptions<T>(parser: Argv<T>) {
  return parser
    .option('state-dir', { type: 'string', requiresArg: true, describe: "Folder of the head's own files" })
    .option('config', { type: 'string', requiresArg: true, describe: 'Settings file (rollcall.toml)' });
}

/** Options of commands that only read: from the own head, or from any by its address. */
export function withReaderOptions<T>(parser: Argv<T>) {
  return withCommonOptions(parser)
    .option('url', {
      type: 'string',
      requiresArg: true,
      describe: "Address of somebody else's page: http://HOST:7070/ (or ROLLCALL_URL)",
    })
    .option('color', { type: 'string', requiresArg: true, describe: 'auto, always or never (NO_COLOR)' })
    .conflicts('url', ['state-dir', 'config']);
}

/** An option that is given twice counts as it was given last. */
function lastOf(name: string, value: unknown): unknown {
  return Array.isArray(value) && name !== 'allowed-hosts' ? (value.at(-1) as unknown) : value;
}

/** Flags with one value each. */
export const lastFlags = (flags: object): Flags =>
  Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, lastOf(name, value)]));

/** The word of an option; null where it is not given. */
export function wordOf(flags: object, name: string): string | null {
  const value = lastFlags(flags)[name];
  return value === undefined ? null : String(value);
}
