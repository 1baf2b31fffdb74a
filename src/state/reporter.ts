import { sayFault } from '../lib/guarded.ts';
import type { GpuFacts } from '../protocol/gpu-facts.ts';
import type { NodeReport } from '../report/node-report.ts';
import { findMajorities, type Majorities } from './gpu-majorities.ts';
import { type MarkThresholds, markGpus } from './gpu-marks.ts';
import { faultyReport, reportOf, withRubbish, withScheduler } from './node-reports.ts';
import type { NodeRow } from './node-row.ts';
import type { SchedulerAnswers } from './scheduler-answers.ts';

const MAJORITIES_EVERY_MS = 10_000;
/** No machine has more GPUs; one that claims hundreds must not decide what is usual elsewhere. */
const MOST_VOTES = 16;

/**
 * Makes the report of a row, with what its scheduler says and what is odd about its GPUs among all rows. Never throws.
 * `nowMs`: the head's monotonic clock.
 */
export function createReporter(
  rowsNow: () => Iterable<NodeRow>,
  answers: SchedulerAnswers,
  thresholds: MarkThresholds,
  onRubbish: (name: string) => void,
): (row: NodeRow, nowMs: number) => NodeReport {
  let majorities: { found: Majorities; atMs: number } | null = null;

  /** What most GPUs have in common changes seldom, and is looked up seldom. */
  function majoritiesAt(nowMs: number): Majorities {
    if (majorities === null || nowMs - majorities.atMs > MAJORITIES_EVERY_MS)
      majorities = { found: findMajorities(allGpus(rowsNow())), atMs: nowMs };
    return majorities.found;
  }

  /** A node of which no report can be made fails alone, and says so. */
  function reportAt(row: NodeRow, nowMs: number): NodeReport {
    try {
      return markedReport(row, nowMs);
    } catch (error) {
      sayFault(`the report of node ${row.name}`, error);
      return faultyReport(row, nowMs, error);
    }
  }

  /** Rubbish counts until the next sample; who reads the connection looks at that one at once, and acts on it. */
  function markedReport(row: NodeRow, nowMs: number): NodeReport {
    const read = row.sample?.();
    if (read?.ok === false) {
      onRubbish(row.name);
      return reportOf(withRubbish(row, read.reason), nowMs);
    }
    const report = withScheduler(reportOf(row, nowMs), row, answers, nowMs);
    const { sample, gpuHolders: holders } = report;
    if (sample === null || report.state !== 'live') return report;
    const { spells } = row;
    const marks = markGpus({ sample, holders, spells, majorities: majoritiesAt(nowMs), thresholds, nowMs });
    return { ...report, marks };
  }

  return reportAt;
}

function* allGpus(rows: Iterable<NodeRow>): Iterable<GpuFacts> {
  for (const row of rows) {
    if (!row.isConnected) continue;
    yield* (row.facts.gpus ?? []).filter(({ parentIndex }) => parentIndex === null).slice(0, MOST_VOTES);
  }
}
