import { NOT_ANSWERED_YET } from '../../../protocol/constants.ts';
import type { ToolState } from './tool-loop.ts';

/** A tool that has not answered its first question for so long is worth a word. */
const SLOW_START_MS = 5_000;

/** What is wrong with a tool, for a person, with what to try; null while all is well. */
export function describeTool(tool: string, state: ToolState, remedy: string): string | null {
  switch (state.kind) {
    case 'ticking':
      return null;
    case 'starting':
      if (state.after !== null) return `${tool} ended: ${state.after} (${remedy})`;
      return state.sinceMs > SLOW_START_MS
        ? `${tool} ${NOT_ANSWERED_YET}, after ${seconds(state.sinceMs)}`
        : null;
    case 'silent': {
      const why = state.words === '' ? ' (the driver may hang)' : `: ${state.words}`;
      return `${tool} has not answered for ${seconds(state.forMs)}${why}`;
    }
    case 'ended':
      return `${tool} ended: ${state.reason} (${remedy})`;
  }
}

const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;
