import { gpuRowsOf } from '../../src/cluster/gpus.ts';
import { createJobTable, jobSharesOf } from '../../src/cluster/jobs.ts';
import { createUserTable, userSharesOf } from '../../src/cluster/users.ts';
import type { NodeReport } from '../../src/report/node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser } from '../../src/report/rows.ts';

/** The rows that a cluster makes of these reports, each kind by itself. */

export const listGpus = (nodes: readonly NodeReport[]): ClusterGpu[] => nodes.flatMap(gpuRowsOf);

export const listJobs = (nodes: readonly NodeReport[], nowMs: number): ClusterJob[] =>
  createJobTable()(nodes.flatMap((node) => jobSharesOf(node, nowMs)));

export const listUsers = (nodes: readonly NodeReport[], jobs: readonly ClusterJob[]): ClusterUser[] =>
  createUserTable()(nodes.flatMap(userSharesOf), jobs);
