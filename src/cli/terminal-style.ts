import type { TextStyle } from '../render/text/text-style.ts';
import { environment } from './environment.ts';
import { wordOf } from './flags.ts';
import { UsageError } from './usage/usage-error.ts';

/** What decides how texts look. */
export interface Terminal {
  /** Of `--color`; null without one. */
  color: string | null;
  environment: NodeJS.ProcessEnv;
  isTerminal: boolean;
  columns: number | undefined;
}

/** As wide as the terminal, and in colour where that is wanted. Throws `UsageError` for another word than it knows. */
export function decideStyle({ color, environment: words, isTerminal, columns }: Terminal): TextStyle {
  return {
    width: isTerminal && columns !== undefined && columns > 0 ? columns : null,
    hasColour: wantsColour(color, words, isTerminal),
  };
}

function wantsColour(color: string | null, words: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  switch (color) {
    case 'always':
      return true;
    case 'never':
    // Of --no-color.
    case 'false':
      return false;
    case null:
    case 'auto':
      break;
    default:
      throw new UsageError(`--color ${color}: not one of auto, always, never`);
  }
  const { FORCE_COLOR: forced, NO_COLOR: refused, TERM: kind } = words;
  if (forced !== undefined) return !['0', 'false'].includes(forced);
  return isTerminal && !refused && kind !== 'dumb';
}

/** For what goes to standard output. */
export function styleFor(flags: object): TextStyle {
  const { isTTY, columns } = process.stdout;
  return decideStyle({ color: wordOf(flags, 'color'), environment, isTerminal: isTTY === true, columns });
}
