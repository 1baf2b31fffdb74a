import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeReport } from '../render/text/nodes-text.ts';
import type { HeadClient } from './head-client.ts';
import type { Reader } from './readers/reader.ts';
import { UsageError } from './usage/usage-error.ts';

/** The head says something whenever a node does; a fleet that is silent for so long still is no reason to leave. */
const WATCH_LIMIT_MS = 24 * 3_600_000;
const ASK_EVERY_MS = 2_000;
const CLEAR_SCREEN = '\u001b[H\u001b[2J\u001b[3J';

/** One node, or all that a search means. */
export interface Watched {
  node: string | null;
  query: string | null;
}

/**
 * Calls back with the reports whenever they change, or every other second where the head is asked by its address.
 * Ends with the own head, with the node, or when whoever reads has gone.
 */
export async function watchReports(
  reader: Reader,
  watched: Watched,
  onReports: (reports: NodeReport[]) => void,
): Promise<void> {
  process.stdout.on('error', () => process.exit(0));
  if (reader.own !== null) await followOwn(reader.own, watched, onReports);
  else await askAgainAndAgain(reader, watched, onReports);
}

/** Text for a screen that is drawn anew each time; as it is where nothing is a screen. */
export const asScreen = (text: string): string =>
  process.stdout.isTTY ? `${CLEAR_SCREEN}${text}` : `${text}\n`;

const asked = (name: string, word: string | null) =>
  word === null ? '' : `?${new URLSearchParams({ [name]: word })}`;

function followOwn(
  own: HeadClient,
  { node, query }: Watched,
  onReports: (reports: NodeReport[]) => void,
): Promise<void> {
  const path = `/control/watch${node === null ? asked('q', query) : asked('node', node)}`;
  return own.lines(
    'GET',
    path,
    (line) => onReports((JSON.parse(line) as { nodes: NodeReport[] }).nodes),
    WATCH_LIMIT_MS,
  );
}

async function askAgainAndAgain(
  reader: Reader,
  { node, query }: Watched,
  onReports: (reports: NodeReport[]) => void,
): Promise<void> {
  const path =
    node === null ? `/api/v1/nodes${asked('q', query)}` : `/api/v1/nodes/${encodeURIComponent(node)}`;
  for (;;) {
    const answer = await reader.getJson(path).catch(tellAndGoOn);
    if (answer === null) return;
    if (answer !== undefined)
      onReports(node === null ? ((answer as { nodes?: NodeReport[] }).nodes ?? []) : [answer as NodeReport]);
    await sleep(ASK_EVERY_MS);
  }
}

/** A head that is started anew, or a network that is away for a while, ends no watch that has begun. */
function tellAndGoOn(error: unknown): undefined {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`rollcall: ${error.message}\n`);
}
