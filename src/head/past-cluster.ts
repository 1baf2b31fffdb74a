import { type Cluster, createCluster } from '../cluster/cluster.ts';
import type { NodeReport } from '../report/node-report.ts';

/** The same table as that of now, of reports from a moment that is over: nothing of it changes any more. */
export function pastCluster(reports: readonly NodeReport[], forStrangers: boolean): Cluster {
  const byName = new Map(reports.map((report) => [report.name, report]));
  const inputs = {
    names: () => [...byName.keys()],
    report: (name: string) => byName.get(name),
    recent: () => undefined,
    recentPoint: () => undefined,
    subscribe: () => () => undefined,
  };
  // Ages are as of then: no clock goes on.
  const clock = { monotonicMs: () => 0, epochMs: () => reports[0]?.sample?.takenAtMs ?? 0 };
  return createCluster(inputs, { forStrangers, ...clock });
}
