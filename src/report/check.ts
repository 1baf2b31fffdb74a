import type { Cause, Failure, Stage } from './causes.ts';
import type { TransportName } from './node-report.ts';

/** What `rollcall check` tells of a node. */

/** The steps to a node, by the stage of the connection that they pass; GPUs come last. */
export const stepOfStage: Record<Stage, string> = {
  name: 'name',
  tcp: 'port',
  banner: 'ssh banner',
  keys: 'host key',
  login: 'login',
  shell: 'shell',
  runtime: 'runtime',
  hello: 'monitor',
};
export const GPU_STEP = 'GPUs';
export const checkSteps: readonly string[] = [...Object.values(stepOfStage), GPU_STEP];

/** One step that was passed, each once, with a fact for a person. */
export interface PassedStep {
  step: string;
  fact: string;
  /** Since the step before. */
  tookMs: number;
}

/** The first step that was not. `cause` is null where the connection is good and the GPUs are not. */
export interface FailedStep {
  step: string;
  failure: Pick<Failure, 'message' | 'hint' | 'lastLines'> & { cause: Cause | null };
}

export interface CheckedNode {
  name: string;
  /** Null for a node that a setting switches off: it was not tried. */
  transport: TransportName | null;
  /** Why it is that one; null for the usual. */
  transportReason: string | null;
  passed: PassedStep[];
  failed: FailedStep | null;
  tookMs: number;
}
