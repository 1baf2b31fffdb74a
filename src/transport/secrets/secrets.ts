import type { AskpassProgram } from './askpass-program.ts';
import { createAskpassQueue } from './askpass-queue.ts';
import { createKeyLogins, type KeyLogins } from './key-logins.ts';
import { createKnownSecrets } from './known-secrets.ts';
import type { PasswordFile } from './password-file.ts';
import type { PasswordRequest, SecretRequest } from './secret-request.ts';
import { createTrials } from './trials.ts';
import { createWantedSecrets, type Wanted } from './wanted-secrets.ts';

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

/** One question for a user's password everywhere, and one of its own for an account where a key got in. */
function questionIdOf(request: SecretRequest, isGuarded: boolean): string {
  if (request.kind === 'passphrase') return `passphrase ${request.id}`;
  return `password ${isGuarded ? request.id : request.user}`;
}

function questionText(request: SecretRequest, isGuarded: boolean): string {
  if (request.kind === 'passphrase') return `passphrase of ${request.label}`;
  return isGuarded
    ? `password of ${request.label}, where a key got in before and none does now`
    : `password of ${request.user}`;
}

/** The file is read now and watched; the program is asked for one secret at a time, as nodes need them. */
export function createSecrets(sources: SecretSources): Secrets {
  const { file, program, keyLogins = createKeyLogins(null) } = sources;
  const wanted = createWantedSecrets();
  const refusedQuestions = new Set<string>();
  const revisions = new Map<string, number>();
  const nudge = (node: string) => revisions.set(node, (revisions.get(node) ?? 0) + 1);
  const known = createKnownSecrets({ file, keyLogins }, () => {
    for (const { nodes } of wanted.all()) for (const node of nodes) nudge(node);
  });
  const trials = createTrials(({ requestId, node }, secret) => {
    known.keep(requestId, secret);
    nudge(node);
  });
  const isAnswered = (request: SecretRequest) => known.find(request) !== null;
  const idOf = (request: SecretRequest) => questionIdOf(request, known.isGuarded(request));
  const askpass =
    program === null
      ? null
      : createAskpassQueue(program, isAnswered, (request, secret) => {
          const waiting = wanted.waitingFor(request.id);
          if (waiting.length > 0) trials.start(idOf(request), secret, waiting);
          else known.keep(request.id, secret);
        });

  function want(node: string, request: SecretRequest): void {
    wanted.add(node, request);
    // The program's prompt could not say why it is asked.
    if (!known.isWithheld(request)) askpass?.ask(request);
  }

  const unanswered = (): Wanted[] => wanted.all().filter(({ request }) => !isAnswered(request));

  function questions(): SecretQuestion[] {
    const found = new Map<string, SecretQuestion>();
    for (const { request, nodes } of unanswered()) {
      const id = idOf(request);
      if (trials.isOn(id)) continue;
      const question = found.get(id) ?? {
        id,
        text: questionText(request, known.isGuarded(request)),
        nodes: [],
        refused: refusedQuestions.has(id),
      };
      question.nodes = [...new Set([...question.nodes, ...nodes])];
      found.set(id, question);
    }
    for (const question of found.values()) question.nodes.sort();
    return [...found.values()];
  }

  return {
    find: known.find,
    isWithheld: known.isWithheld,
    keyWorked: known.keyWorked,
    accepted(request) {
      refusedQuestions.delete(idOf(request));
      if (request.kind === 'password') known.passwordWorked(request);
      trials.accepted(request.id);
    },
    refused(request) {
      if (!known.refuse(request)) return;
      refusedQuestions.add(idOf(request));
      trials.refused(request.id);
    },
    attemptOver(node, missing) {
      wanted.forgetNode(node);
      for (const request of missing) want(node, request);
      trials.attemptOver(node);
    },
    questions,
    answer(questionId, secret) {
      const asked = unanswered().filter(({ request }) => idOf(request) === questionId);
      if (asked.length === 0) return false;
      // Whoever types it again means it; whoever answers for an account where a key got in means that, too.
      for (const { request } of asked) known.allow(request, secret);
      refusedQuestions.delete(questionId);
      trials.start(
        questionId,
        secret,
        asked.flatMap(({ request }) => wanted.waitingFor(request.id)),
      );
      return true;
    },
    revision: (node) => revisions.get(node) ?? 0,
    problems: known.problems,
    dispose() {
      askpass?.stop();
      trials.clear();
      known.dispose();
    },
  };
}
