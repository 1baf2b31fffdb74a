import { createHash } from 'node:crypto';
import type { AskpassProgram } from './askpass-program.ts';
import type { PasswordFile } from './password-file.ts';
import { promptOf, type SecretRequest } from './secret-request.ts';

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
  /** What to answer; null while nobody has said. Never one that was refused. */
  find(request: SecretRequest): string | null;
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
}

/** An answer for several accounts goes to one of them first: a wrong one must not be refused everywhere at once. */
interface Trial {
  secret: string;
  requestId: string;
  node: string;
  rest: Map<string, string>;
}

interface Wanted {
  request: SecretRequest;
  nodes: Set<string>;
}

const digest = (secret: string) => createHash('sha256').update(secret).digest('base64');

const questionIdOf = (request: SecretRequest) =>
  request.kind === 'password' ? `password ${request.user}` : `passphrase ${request.id}`;

const questionText = (request: SecretRequest) =>
  request.kind === 'password' ? `password of ${request.user}` : `passphrase of ${request.label}`;

export function createSecrets(sources: SecretSources): Secrets {
  const known = new Map<string, string>();
  const refusals = new Map<string, Set<string>>();
  const wanted = new Map<string, Wanted>();
  const trials = new Map<string, Trial>();
  const refusedQuestions = new Set<string>();
  const revisions = new Map<string, number>();
  const askedProgram = new Set<string>();
  const stop = new AbortController();
  let programQueue: Promise<void> = Promise.resolve();

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
    for (const secret of [file?.find(request), known.get(request.id)]) {
      if (typeof secret === 'string' && !isRefused(request, secret)) return secret;
    }
    return null;
  }

  /** An answer for one request: the nodes that wait for it try again. */
  function learn(requestId: string, secret: string): void {
    known.set(requestId, secret);
    nudge(wanted.get(requestId)?.nodes ?? []);
  }

  function tryNext(questionId: string, trial: Trial): void {
    const [next] = trial.rest;
    if (next === undefined) return void trials.delete(questionId);
    const [requestId, node] = next;
    trial.rest.delete(requestId);
    trials.set(questionId, { ...trial, requestId, node });
    learn(requestId, trial.secret);
  }

  /** One program at a time: two dialogs over each other help nobody. */
  function askProgram(request: SecretRequest): void {
    const { program } = sources;
    if (program === null || askedProgram.has(request.id)) return;
    askedProgram.add(request.id);
    programQueue = programQueue.then(async () => {
      if (find(request) !== null || stop.signal.aborted) return;
      const secret = await program(promptOf(request), stop.signal);
      if (secret !== null) learn(request.id, secret);
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

  /** The rest of a group gets an answer that one of them took. */
  function spread(questionId: string, trial: Trial): void {
    trials.delete(questionId);
    for (const requestId of trial.rest.keys()) learn(requestId, trial.secret);
  }

  return {
    find,
    accepted(request) {
      const questionId = questionIdOf(request);
      refusedQuestions.delete(questionId);
      const trial = trials.get(questionId);
      if (trial?.requestId === request.id) spread(questionId, trial);
    },
    refused(request) {
      const secret = find(request);
      if (secret === null) return;
      const found = refusals.get(request.id) ?? new Set();
      refusals.set(request.id, found.add(digest(secret)));
      if (known.get(request.id) === secret) known.delete(request.id);
      const questionId = questionIdOf(request);
      refusedQuestions.add(questionId);
      if (trials.get(questionId)?.requestId === request.id) trials.delete(questionId);
    },
    attemptOver(node, missing) {
      forgetNode(node);
      for (const request of missing) want(node, request);
      // A trial that ended in neither way (the node was down) goes on with another node.
      for (const [questionId, trial] of trials) if (trial.node === node) tryNext(questionId, trial);
    },
    questions() {
      const questions = new Map<string, SecretQuestion>();
      for (const { request, nodes } of wanted.values()) {
        if (find(request) !== null) continue;
        const id = questionIdOf(request);
        if (trials.has(id)) continue;
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
      const rest = new Map<string, string>();
      for (const [requestId, { request, nodes }] of wanted) {
        const [node] = nodes;
        if (questionIdOf(request) !== questionId || node === undefined) continue;
        if (find(request) !== null) continue;
        // Whoever types it again means it.
        refusals.get(requestId)?.delete(digest(secret));
        rest.set(requestId, node);
      }
      if (rest.size === 0) return false;
      refusedQuestions.delete(questionId);
      tryNext(questionId, { secret, requestId: '', node: '', rest });
      return true;
    },
    revision: (node) => revisions.get(node) ?? 0,
    problems: () => file?.problems() ?? [],
    dispose() {
      stop.abort();
      known.clear();
      trials.clear();
    },
  };
}
