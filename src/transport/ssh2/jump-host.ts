import type { Way } from '../../report/failure-detail.ts';
import { createFailure } from '../../report/failures.ts';
import { formatHops, type Hop } from '../settings/ssh-hops.ts';
import { isGivenUp, StepError, toStepError } from '../ssh-step-error.ts';
import { wayTo } from '../way.ts';

/** What is said of the jump hosts on the way to a server. */

const MAX_HOPS = 8;

/** What a person types to reach a jump host behind those of `via`. */
export function hopWay(hop: Hop, via: Hop[], sshConfigFile: string | null): Way {
  const way = wayTo({ name: hop.host, ...hop, local: false }, sshConfigFile);
  const [program = 'ssh', ...rest] = way.sshWords;
  return via.length === 0 ? way : { ...way, sshWords: [program, '-J', formatHops(via), ...rest] };
}

/** Throws a `StepError` where the hop waits for itself, or too many wait for each other. */
export function refuseLoop(hop: Hop, chain: string[]): void {
  const name = formatHops([hop]);
  if (!chain.includes(name) && chain.length <= MAX_HOPS) return;
  const detail = `the jump hosts run in a circle at ${name}`;
  const hint = 'Give the jump host a ProxyJump of its own in the ssh configuration (none ends the chain).';
  throw new StepError({ cause: 'config', detail, hint });
}

/** A hop's failure, told as one of the way, with the hop's own reason and hint. */
export function blameHop(name: string, way: Way, error: unknown): StepError {
  const { detail, lastLines, missing } = toStepError(error);
  // Nobody's fault, and already told.
  if (detail.cause === 'proxy' || isGivenUp(detail)) return toStepError(error);
  const failure = createFailure(way, detail, lastLines);
  return new StepError(
    {
      cause: 'proxy',
      detail: `jump host ${name}: ${failure.message}`,
      hint: failure.hint,
      needsPerson: failure.needsPerson,
      of: detail,
    },
    lastLines,
    missing,
  );
}
