import { setTimeout as sleep } from 'node:timers/promises';
import { foldNames } from '../lib/fold-names.ts';
import { visibleText } from '../lib/visible-text.ts';
import type { NodeReport } from '../render/text/nodes-text.ts';
import type { HeadClient } from './head-client.ts';
import { readSecret } from './read-secret.ts';

/** What nodes wait for. */
export interface OpenQuestion {
  id: string;
  text: string;
  nodes: string[];
  refused: boolean;
}

/** As ssh does. */
const MAX_TRIES = 3;
/** What an answer led to is waited for so long. */
const OUTCOME_LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 200;

/** What nodes wait for now. */
export const questionsOf = async (head: HeadClient) =>
  ((await head.getJson('/control/secrets')) as { questions: OpenQuestion[] }).questions;

/** Asks one question. Null where somebody wants out. */
export const askQuestion = (question: OpenQuestion) => readSecret(questionText(question));

function questionText({ text, nodes, refused }: OpenQuestion): string {
  const where = nodes.length === 1 ? nodes[0] : `${nodes.length} nodes: ${foldNames(nodes)}`;
  return visibleText(`${refused ? 'That was refused. ' : ''}The ${text} (${where}; Enter skips): `);
}

/** Until every node of the question is live, or the question comes again. */
async function awaitOutcome(head: HeadClient, question: OpenQuestion): Promise<void> {
  const deadlineMs = performance.now() + OUTCOME_LIMIT_MS;
  while (performance.now() < deadlineMs) {
    await sleep(LOOK_EVERY_MS);
    const { nodes } = (await head.getJson('/control/status')) as { nodes: NodeReport[] };
    const states = new Map(nodes.map((node) => [node.name, node.state]));
    if (question.nodes.every((name) => states.get(name) === 'live' || !states.has(name))) return;
    if ((await questionsOf(head)).some(({ id }) => id === question.id)) return;
  }
}

export interface AskedSecrets {
  /** Answers that were given. */
  answers: number;
  /** Somebody wants out (Ctrl-C). */
  isInterrupted: boolean;
}

/** Asks on the terminal for what nodes wait for, each question at most three times. */
export async function askSecrets(head: HeadClient): Promise<AskedSecrets> {
  const tries = new Map<string, number>();
  let answers = 0;
  for (;;) {
    const open = (await questionsOf(head)).filter(({ id }) => (tries.get(id) ?? 0) < MAX_TRIES);
    const [question] = open;
    if (question === undefined) return { answers, isInterrupted: false };
    const secret = await askQuestion(question);
    if (secret === null) return { answers, isInterrupted: true };
    tries.set(question.id, secret === '' ? MAX_TRIES : (tries.get(question.id) ?? 0) + 1);
    if (secret === '') continue;
    await head.postJson('/control/secrets', { id: question.id, secret });
    answers += 1;
    await awaitOutcome(head, question);
  }
}
