import { visibleText } from '../../lib/visible-text.ts';
import { failureLines } from '../../report/failures.ts';
import type { NodeReport } from '../../report/node-report.ts';
import { stateTones } from '../node-state.ts';
import { paint, plainStyle } from './text-style.ts';

/** What a failure is shown by: of a report these are null while all is well. */
type Told = Parameters<typeof failureLines>[0];

/** A failure for the terminal: sentence, hint, and what the node or ssh said last. */
export function renderFailureText(failure: Told, indent: string): string {
  return failureLines(failure)
    .map((line) => `${indent}${visibleText(line)}`)
    .join('\n');
}

/** The story of each node that has one, under its name; empty where all is well. */
export function renderFailures(nodes: readonly NodeReport[], style = plainStyle): string {
  return nodes
    .filter((node) => node.message !== null)
    .map((node) => {
      const name = paint(visibleText(node.name), 'strong', style);
      const cause = paint(visibleText(node.cause ?? ''), stateTones[node.state], style);
      return `\n${name}  ${cause}\n${renderFailureText(node, '  ')}\n`;
    })
    .join('');
}
