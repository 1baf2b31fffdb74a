import { UNLOCK } from '../../report/failures/login.ts';
import { createPromptDesk } from '../openssh/prompts.ts';
import { StepError } from '../ssh-step-error.ts';
import type { AskpassServer } from './askpass-server.ts';
import type { SecretRequest } from './secret-request.ts';
import type { Secrets } from './secrets.ts';

/** Answers the ssh that somebody's ProxyCommand runs. */
export interface ProxyQuestions {
  environment: Record<string, string>;
  /** The server behind it was heard: what was answered is right. */
  passed(): void;
  /** Why it came no further, where a question was the reason; `ended` is what it said at its end. */
  failure(ended: StepError | null): StepError | null;
  end(): void;
}

/** What a ProxyCommand asked for in vain. */
export function proxyQuestionError(
  missing: readonly SecretRequest[],
  wasRefused: boolean,
  lastLines: readonly string[],
): StepError {
  const wanted = missing.map(({ kind, label }) => `the ${kind} of ${label}`).join(' and ') || 'something';
  const why = wasRefused ? ', and what was given is wrong' : '';
  const detail = `the ProxyCommand asks for ${wanted}${why}`;
  const hint = `Give it once: ${UNLOCK} (or set password-file or askpass in rollcall.toml), or use ssh-add`;
  return new StepError({ cause: 'proxy', detail, hint, needsPerson: true }, lastLines, missing);
}

/** `onStuck` is called where the ProxyCommand cannot go on. */
export async function openProxyQuestions(
  secrets: Secrets,
  askpass: AskpassServer,
  onStuck: () => void,
): Promise<ProxyQuestions> {
  const desk = createPromptDesk(secrets, [], onStuck);
  const pass = await askpass.admit((prompt) => desk.answer(prompt));
  let hasPassed = false;
  return {
    environment: pass.environment,
    passed() {
      hasPassed = true;
      desk.succeeded();
      pass.end();
    },
    failure(ended) {
      if (hasPassed || (ended === null && desk.stuckOn() === null)) return ended;
      const wasRefused = desk.refusedSomewhere();
      const missing = desk.missing();
      if (missing.length === 0 && desk.stuckOn() === null) return ended;
      return proxyQuestionError(missing, wasRefused, ended?.lastLines ?? []);
    },
    end: pass.end,
  };
}
