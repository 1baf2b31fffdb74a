import { createHash } from 'node:crypto';
import type { AskpassProgram } from './askpass-program.ts';
import { createKeyLogins, type KeyLogins } from './key-logins.ts';
import type { PasswordFile } from './password-file.ts';
import { type PasswordRequest, promptOf, type SecretRequest } from './secret-request.ts';

/** One question for a person; several nodes may wait for its answer. */
export interface SecretQuestion {
  id: string;
  /** `password of ann`, `passphrase of /home/ann/.ssh/id_ed25519`. */
  text: string;
  nodes: string[];
  /** The last answer was refused. */
  refused: boolean;
}

/** Passwords and passphrases of one head. They live here, in its memory, and nowhere else. */
export interface Secrets {
  /** What to answer; null while nobody has said, and where it is withheld. Never one that was refused. */
  find(request: SecretRequest): string | null;
  /** A key alone got in: the account's password is withheld from now on, until a person gives it. */
  keyWorked(request: PasswordRequest): void;
  /** A key got in before, and nobody has said that a password is right now. */
  isWithheld(request: SecretRequest): boolean;
  accepted(request: SecretRequest): void;
  refused(request: SecretRequest): void;
  /** An attempt is over. `missing` are what it failed for; empty where it needed none. */
  attemptOver(node: string, missing: readonly SecretRequest[]): void;
  /** What waits for a person. */
  questions(): SecretQuestion[];
  /** False where nobody asked. */
  answer(questionId: string, secret: string): boolean;
  /** Changes when an answer came that a node waits for. */
  revision(node: string): number;
  problems(): string[];
  dispose(): void;
}

export interface SecretSources {
  file: ((onChange: () => void) => PasswordFile) | null;
  program: AskpassProgram | null;
  /** Where keys got in; in memory alone unless given. */
  keyLogins?: KeyLogins;
}

/** A node that waits for an answer. */
interface Waiting {
  requestId: string;
  node: string;
}

/** An answer for several nodes goes to one of them first: a wrong one must not be refused everywhere at once. */
interface Trial {
  questionId: string;
  secret: string;
  now: Waiting;
  rest: Waiting[];
  startedMs: number;
}

/** A node that has left does not tell what became of its trial. */
const TRIAL_LIMIT_MS = 60_000;

interface Wanted {
  request: SecretRequest;
  nodes: Set<string>;
}

const digest = (secret: string) => createHash('sha256').update(secret).digest('base64');

/** The file is read now and watched; the program is asked for one secret at a time, as nodes need them. */
export function createSecrets(sources: SecretSources): Secrets {
  const known = new Map<string, string>();
  const refusals = new Map<string, Set<string>>();
  const wanted = new Map<string, Wanted>();
  const trials = new Set<Trial>();
  const refusedQuestions = new Set<string>();
  const revisions = new Map<string, number>();
  const askedProgram = new Set<string>();
  const stop = new AbortController();
  let programQueue: Promise<void> = Promise.resolve();
  const keyLogins = sources.keyLogins ?? createKeyLogins(null);
  /** Accounts whose password a person has given although a key got in before. */
  const allowed = new Set<string>();

  const isGuarded = (request: SecretRequest) => request.kind === 'password' && keyLogins.has(request.id);
  const isWithheld = (request: SecretRequest) => isGuarded(request) && !allowed.has(request.id);

  /** One question for a user's password everywhere, and one of its own for an account where a key got in. */
  function questionIdOf(request: SecretRequest): string {
    if (request.kind === 'passphrase') return `passphrase ${request.id}`;
    return `password ${isGuarded(request) ? request.id : request.user}`;
  }

  function questionText(request: SecretRequest): string {
    if (request.kind === 'passphrase') return `passphrase of ${request.label}`;
    return isGuarded(request)
      ? `password of ${request.label}, where a key got in before and none does now`
      : `password of ${request.user}`;
  }

  function nudge(nodes: Iterable<string>): void {
    for (const node of nodes) revisions.set(node, (revisions.get(node) ?? 0) + 1);
  }

  const file =
    sources.file?.(() => {
      refusals.clear();
      for (const { nodes } of wanted.values()) nudge(nodes);
    }) ?? null;

  const isRefused = (request: SecretRequest, secret: string) =>
    refusals.get(request.id)?.has(digest(secret)) ?? false;

  function find(request: SecretRequest): string | null {
    if (isWithheld(request)) return null;
    for (const secret of [file?.find(request), known.get(request.id)]) {
      if (typeof secret === 'string' && !isRefused(request, secret)) return secret;
    }
    return null;
  }

  /** The first of those who wait tries the answer. */
  function startTrial(questionId: string, secret: string, waiting: readonly Waiting[]): void {
    const [now, ...rest] = waiting;
    if (now === undefined) return;
    trials.add({ questionId, secret, now, rest, startedMs: performance.now() });
    known.set(now.requestId, secret);
    nudge([now.node]);
  }

  /** The rest gets an answer that one of them took. */
  function spread(trial: Trial): void {
    trials.delete(trial);
    for (const { requestId, node } of trial.rest) {
      known.set(requestId, trial.secret);
      nudge([node]);
    }
  }

  const waitingFor = ({ request, nodes }: Wanted): Waiting[] =>
    [...nodes].map((node) => ({ requestId: request.id, node }));

  /** One program at a time: two dialogs over each other help nobody. */
  function askProgram(request: SecretRequest): void {
    const { program } = sources;
    // Its prompt could not say why it is asked.
    if (program === null || askedProgram.has(request.id) || isWithheld(request)) return;
    askedProgram.add(request.id);
    programQueue = programQueue.then(async () => {
      if (find(request) !== null || stop.signal.aborted) return;
      const secret = await program(promptOf(request), stop.signal);
      const entry = wanted.get(request.id);
      if (secret !== null && entry) startTrial(questionIdOf(request), secret, waitingFor(entry));
      else if (secret !== null) known.set(request.id, secret);
    });
  }

  function forgetNode(node: string): void {
    for (const [id, entry] of wanted) {
      entry.nodes.delete(node);
      if (entry.nodes.size === 0) wanted.delete(id);
    }
  }

  function want(node: string, request: SecretRequest): void {
    const entry = wanted.get(request.id) ?? { request, nodes: new Set() };
    entry.nodes.add(node);
    wanted.set(request.id, entry);
    askProgram(request);
  }

  const trialOf = (requestId: string) => [...trials].find((trial) => trial.now.requestId === requestId);

  function isOnTrial(questionId: string): boolean {
    const nowMs = performance.now();
    for (const trial of trials) if (nowMs - trial.startedMs > TRIAL_LIMIT_MS) trials.delete(trial);
    return [...trials].some((trial) => trial.questionId === questionId);
  }

  return {
    find,
    isWithheld,
    keyWorked(request) {
      allowed.delete(request.id);
      keyLogins.add(request.id);
    },
    accepted(request) {
      const questionId = questionIdOf(request);
      if (request.kind === 'password') keyLogins.remove(request.id);
      refusedQuestions.delete(questionId);
      const trial = trialOf(request.id);
      if (trial) spread(trial);
    },
    refused(request) {
      const secret = find(request);
      if (secret === null) return;
      const found = refusals.get(request.id) ?? new Set();
      refusals.set(request.id, found.add(digest(secret)));
      if (known.get(request.id) === secret) known.delete(request.id);
      const questionId = questionIdOf(request);
      refusedQuestions.add(questionId);
      const trial = trialOf(request.id);
      if (trial) trials.delete(trial);
    },
    attemptOver(node, missing) {
      forgetNode(node);
      for (const request of missing) want(node, request);
      // A trial that ended in neither way (the node was down) goes on with another node.
      for (const trial of [...trials]) {
        if (trial.now.node !== node) continue;
        trials.delete(trial);
        startTrial(trial.questionId, trial.secret, trial.rest);
      }
    },
    questions() {
      const questions = new Map<string, SecretQuestion>();
      for (const { request, nodes } of wanted.values()) {
        if (find(request) !== null) continue;
        const id = questionIdOf(request);
        if (isOnTrial(id)) continue;
        const question = questions.get(id) ?? {
          id,
          text: questionText(request),
          nodes: [],
          refused: refusedQuestions.has(id),
        };
        question.nodes = [...new Set([...question.nodes, ...nodes])];
        questions.set(id, question);
      }
      for (const question of questions.values()) question.nodes.sort();
      return [...questions.values()];
    },
    answer(questionId, secret) {
      const asked = [...wanted.values()].filter(
        ({ request }) => questionIdOf(request) === questionId && find(request) === null,
      );
      if (asked.length === 0) return false;
      // Whoever types it again means it; whoever answers for an account where a key got in means that, too.
      for (const { request } of asked) {
        refusals.get(request.id)?.delete(digest(secret));
        allowed.add(request.id);
      }
      refusedQuestions.delete(questionId);
      startTrial(questionId, secret, asked.flatMap(waitingFor));
      return true;
    },
    revision: (node) => revisions.get(node) ?? 0,
    problems: () => file?.problems() ?? [],
    dispose() {
      stop.abort();
      known.clear();
      trials.clear();
      keyLogins.dispose();
    },
  };
}
