import type { FailureDetail, Way } from '../report/failure-detail.ts';
import { createFailure } from '../report/failures.ts';
import { headLimitOf } from './head-limits.ts';
import type { SecretRequest } from './secrets/secret-request.ts';
import { TransportError } from './transport.ts';

/** A step on the way failed: the facts, before they are told for one node. */
export class StepError extends Error {
  readonly detail: FailureDetail;
  readonly lastLines: readonly string[];
  /** What nobody has said yet. */
  readonly missing: readonly SecretRequest[];

  constructor(
    detail: FailureDetail,
    lastLines: readonly string[] = [],
    missing: readonly SecretRequest[] = [],
  ) {
    super(detail.cause);
    this.name = 'StepError';
    this.detail = detail;
    this.lastLines = lastLines;
    this.missing = missing;
  }
}

const GIVEN_UP = 'given up';

/** What anyone hears who has given up waiting. */
export const givenUp = () => new StepError({ cause: 'closed', stage: null, detail: GIVEN_UP });

/** Nobody's fault. */
export const isGivenUp = (detail: FailureDetail) => detail.cause === 'closed' && detail.detail === GIVEN_UP;

/** What may be the library's own weakness: the system's ssh may get in. */
function isWorthAnotherTry(detail: FailureDetail): boolean {
  switch (detail.cause) {
    case 'auth':
    case 'key-exchange':
      return true;
    // The library sees no certificates.
    case 'host-key-changed':
      return detail.authorityToo ?? false;
    // Its packets are smaller than ssh's.
    case 'unreadable':
      return detail.stage !== null;
    case 'proxy':
      return (detail.needsPerson ?? false) || (detail.of !== undefined && isWorthAnotherTry(detail.of));
    default:
      return false;
  }
}

/** Any error as facts; one that is no `StepError` is the head's own: a limit of its machine, or a surprise. */
export function toStepError(error: unknown): StepError {
  if (error instanceof StepError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new StepError(headLimitOf(error) ?? { cause: 'head-error', detail });
}

/** Tells a failed step for one node. */
export function toTransportError(way: Way, error: unknown): TransportError {
  if (error instanceof TransportError) return error;
  const { detail, lastLines, missing } = toStepError(error);
  return new TransportError(createFailure(way, detail, lastLines), missing, isWorthAnotherTry(detail));
}
