import { visibleText } from '../../lib/visible-text.ts';
import { UsageError } from './usage-error.ts';

const mayBeginWithMinus: Readonly<Record<string, string>> = {
  '-q': '--query',
  '--query': '--query',
  '--sort': '--sort',
  '--from': '--from',
  '--to': '--to',
};

/** A search, an order and a time may begin with a minus, which would be taken for an option: such values are tied to theirs. */
export function tieValues(words: readonly string[]): string[] {
  const tied: string[] = [];
  for (const word of words) {
    const before = mayBeginWithMinus[tied.at(-1) ?? ''];
    if (before !== undefined && /^-[^-]/.test(word)) tied[tied.length - 1] = `${before}=${word}`;
    else tied.push(word);
  }
  return tied;
}

const SWITCHES: ReadonlySet<string> = new Set([
  'all',
  'csv',
  'demo',
  'ended',
  'foreground',
  'json',
  'public',
  'watch',
  'week',
]);

/** The parser takes any value but `true` for false: `--demo=1` would start the head of real nodes. Throws `UsageError`. */
export function checkSwitches(words: readonly string[]): void {
  for (const word of words) {
    if (word === '--') return;
    const [, name = '', value = ''] = /^--(?:no-)?([a-z]+)=(.*)$/s.exec(word) ?? [];
    if (SWITCHES.has(name) && !/^(?:true|false)$/.test(value))
      throw new UsageError(
        `--${name} takes no value, and was given ${JSON.stringify(value)}; leave =${visibleText(value)} away`,
      );
  }
}
