import { setTimeout as sleep } from 'node:timers/promises';
import { foldNames } from '../lib/fold-names.ts';
import { visibleText } from '../lib/visible-text.ts';
import type { NodeReport } from '../render/text.ts';
import type { HeadClient } from './head-client.ts';
import { readSecret } from './read-secret.ts';

interface Question {
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

const questionsOf = async (head: HeadClient) =>
  ((await head.getJson('/control/secrets')) as { questions: Question[] }).questions;

function questionText({ text, nodes, refused }: Question): string {
  const where = nodes.length === 1 ? nodes[0] : `${nodes.length} nodes: ${foldNames(nodes)}`;
  return visibleText(`${refused ? 'That was refused. ' : ''}The ${text} (${where}; Enter skips): `);
}

/** Until every node of the question is live, or the question comes again. */
async function awaitOutcome(head: HeadClient, question: Question): Promise<void> {
  const deadlineMs = performance.now() + OUTCOME_LIMIT_MS;
  while (performance.now() < deadlineMs) {
    await sleep(LOOK_EVERY_MS);
    const { nodes } = (await head.getJson('/control/status')) as { nodes: NodeReport[] };
    const states = new Map(nodes.map((node) => [node.name, node.state]));
    if (question.nodes.every((name) => states.get(name) === 'live' || !states.has(name))) return;
    if ((await questionsOf(head)).some(({ id }) => id === question.id)) return;
  }
}

async function askOne(head: HeadClient, question: Question): Promise<boolean> {
  const secret = await readSecret(questionText(question));
  if (secret === null || secret === '') return false;
  await head.postJson('/control/secrets', { id: question.id, secret });
  await awaitOutcome(head, question);
  return true;
}

/** Asks on the terminal for what nodes wait for. Resolves to the number of answers that were given. */
export async function askSecrets(head: HeadClient): Promise<number> {
  const tries = new Map<string, number>();
  let answers = 0;
  for (;;) {
    const open = (await questionsOf(head)).filter(({ id }) => (tries.get(id) ?? 0) < MAX_TRIES);
    const [question] = open;
    if (question === undefined) return answers;
    const isAnswered = await askOne(head, question);
    tries.set(question.id, isAnswered ? (tries.get(question.id) ?? 0) + 1 : MAX_TRIES);
    if (isAnswered) answers += 1;
  }
}
