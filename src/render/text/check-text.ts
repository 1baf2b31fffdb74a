import { foldNames } from '../../lib/fold-names.ts';
import { DASH } from '../../lib/format.ts';
import { groupBy } from '../../lib/group-by.ts';
import { visibleText } from '../../lib/visible-text.ts';
import { type CheckedNode, checkSteps } from '../../report/check.ts';
import { alignColumns } from './align-columns.ts';
import { renderFailureText } from './failure-text.ts';

export type { CheckedNode };

const STEP_WIDTH = 11;

/** A step that was passed, as it is told while one node is checked. */
export function renderStep(step: string, fact: string): string {
  return `  ok      ${step.padEnd(STEP_WIDTH)}${visibleText(fact)}`;
}

/** What carries the connection from here on, and why, while one node is checked. */
export function renderTransport(transport: string, reason: string): string {
  return `  by      ${visibleText(`${transport}: ${reason}`)}`;
}

/** The first failure of a node; empty where there is none. */
export function renderFailedStep({ failed }: CheckedNode): string {
  if (failed === null) return '';
  return `  FAILED  ${failed.step}\n${renderFailureText(failed.failure, '          ')}\n`;
}

function markOf(checked: CheckedNode, step: string): string {
  if (checked.failed?.step === step) return 'FAILED';
  if (checked.passed.some((passed) => passed.step === step)) return 'ok';
  // A way without SSH has no port and no host key; what lies behind the failure was not tried.
  return DASH;
}

function rowOf(checked: CheckedNode): string[] {
  const isOff = checked.transport === null;
  return [
    checked.name,
    isOff ? 'off' : checked.failed === null ? 'live' : 'FAILED',
    ...checkSteps.map((step) => markOf(checked, step)),
    checked.transport ?? DASH,
    isOff ? DASH : `${(checked.tookMs / 1000).toFixed(1)} s`,
  ];
}

/** Nodes that another way carries than the usual one, by their reasons. */
function transportNotes(nodes: readonly CheckedNode[]): string[] {
  const told = nodes.filter(({ failed, transportReason }) => failed === null && transportReason !== null);
  const groups = groupBy(told, ({ transport, transportReason }) => `by ${transport}: ${transportReason}`);
  return Array.from(groups, ([text, group]) =>
    visibleText(`${foldNames(group.map(({ name }) => name))} ${text}`),
  );
}

/**
 * A row for each node with what was tried and passed, then why other ways were taken, then every first failure with its
 * remedy.
 */
export function renderCheckText(nodes: readonly CheckedNode[]): string {
  const headings = ['NODE', 'RESULT', ...checkSteps.map((step) => step.toUpperCase()), 'BY', 'TOOK'];
  const rows = nodes.map((node) => rowOf(node).map(visibleText));
  const failures = nodes
    .filter((node) => node.failed !== null)
    .map((node) => `\n${visibleText(node.name)}\n${renderFailedStep(node)}`);
  const notes = transportNotes(nodes).map((note) => `\n${note}\n`);
  return `${alignColumns([headings, ...rows]).join('\n')}\n${notes.join('')}${failures.join('')}`;
}

/** One line: how many of how many. */
export function renderCheckTally(nodes: readonly CheckedNode[]): string {
  const off = nodes.filter((node) => node.transport === null).length;
  const failed = nodes.filter((node) => node.failed !== null).length;
  const live = nodes.length - off - failed;
  return `${live} live, ${failed} failed${off > 0 ? `, ${off} switched off in rollcall.toml` : ''}`;
}
