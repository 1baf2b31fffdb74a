import { foldNames } from '../../lib/fold-names.ts';
import type { TextCell } from './align-columns.ts';

/** Where a job runs or a user is: `gpu[01-04]`, with a word where the share of one of them is old. */
export const nodesCell = ({
  nodes,
  isCurrent,
}: {
  nodes: readonly string[];
  isCurrent: boolean;
}): TextCell =>
  isCurrent ? foldNames(nodes) : { text: `${foldNames(nodes)} (old figures)`, tone: 'warning' };
