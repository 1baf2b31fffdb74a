import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { openStateFolder } from '../config/state-folder.ts';
import { type CheckEvents, checkNodes } from '../fleet/check-node.ts';
import type { Target } from '../nodes/target.ts';
import type { CheckedNode } from '../report/check.ts';
import { createAccess } from '../transport/access.ts';
import { readMonitorBundle } from '../transport/bootstrap/monitor-bundle.ts';
import type { SecretQuestion, Secrets } from '../transport/secrets/secrets.ts';
import { runtimeStore } from './runtime-store.ts';

/** Logins of a check at a time: it runs beside a head that may be busy. */
const CHECKS_AT_ONCE = 16;

/** Resolves to the answer; to nothing where somebody skips the question. */
export type AskPerson = (question: SecretQuestion) => Promise<string>;

/** As ssh does. */
const MAX_TRIES = 3;

/** Asks for what nodes lacked, and walks to them again. */
async function checkWithAnswers(
  targets: readonly Target[],
  first: readonly CheckedNode[],
  secrets: Secrets,
  ask: AskPerson,
  check: (targets: readonly Target[]) => Promise<CheckedNode[]>,
): Promise<CheckedNode[]> {
  const found = new Map(first.map((node) => [node.name, node]));
  const seen = new Map(targets.map(({ name }) => [name, secrets.revision(name)]));
  const tries = new Map<string, number>();
  for (;;) {
    const answered = targets.filter(({ name }) => secrets.revision(name) !== seen.get(name));
    for (const { name } of answered) seen.set(name, secrets.revision(name));
    for (const node of await check(answered)) found.set(node.name, node);
    if (answered.length > 0) continue;
    const question = secrets.questions().find(({ id }) => (tries.get(id) ?? 0) < MAX_TRIES);
    if (question === undefined) return [...found.values()];
    const secret = await ask(question);
    tries.set(question.id, secret === '' ? MAX_TRIES : (tries.get(question.id) ?? 0) + 1);
    if (secret !== '') secrets.answer(question.id, secret);
  }
}

/** Walks through every step to the nodes in this process. Without `ask` nobody is asked for passwords. */
export async function checkTargets(
  config: Config,
  targets: readonly Target[],
  events: CheckEvents,
  ask: AskPerson | null = null,
): Promise<CheckedNode[]> {
  const folder = openStateFolder(config.stateDir);
  const access = createAccess({ ...config, asksPersons: false });
  try {
    const options = {
      transportFor: access.transportFor,
      wayFor: access.wayFor,
      monitor: await readMonitorBundle(join(config.projectFolder, 'dist')),
      runtimes: runtimeStore(config, folder),
      concurrency: CHECKS_AT_ONCE,
    };
    const check = (some: readonly Target[], told: CheckEvents) => checkNodes(some, options, told);
    const checked = await check(targets, events);
    if (ask === null) return checked;
    const again = { ...events, onDone: () => undefined };
    return await checkWithAnswers(targets, checked, access.secrets, ask, (some) => check(some, again));
  } finally {
    access.dispose();
  }
}
