import { MAX_PROCESS_FACTS } from '../protocol/constants.ts';
import type { ProcessFacts } from '../protocol/hello.ts';

/** How many samples a process may be missing from before its facts are taken back. */
const KEPT_SAMPLES = 60;

/**
 * Characters of JSON in one message: a user's own words may take six times their length, and a line that is
 * too long would cost the whole node its connection. What is left over is told with the next sample.
 */
const MAX_FACTS_LENGTH = 256 * 1024;

interface Told {
  startTicks: number | null;
  job: string | null;
  missedSamples: number;
}

/**
 * Which processes the head has been told about: facts travel once, samples carry pids only.
 * A pid with another start time is another process; one that has got into another job is told anew.
 */
export function createProcessFacts(
  facts: (pid: number) => ProcessFacts | null,
  startOf: (pid: number) => number | null,
  jobOf: (pid: number) => string | null = () => null,
) {
  const told = new Map<number, Told>();

  function tellNew(pids: ReadonlySet<number>): ProcessFacts[] {
    const news: ProcessFacts[] = [];
    let length = 0;
    for (const pid of pids) {
      const known = told.get(pid);
      const startTicks = startOf(pid);
      if (known && known.startTicks === startTicks && known.job === jobOf(pid)) {
        known.missedSamples = 0;
        continue;
      }
      if (length > MAX_FACTS_LENGTH) continue;
      const found = known || told.size < MAX_PROCESS_FACTS ? facts(pid) : null;
      if (found === null) continue;
      told.set(pid, { startTicks, job: found.job, missedSamples: 0 });
      news.push(found);
      length += JSON.stringify(found).length;
    }
    return news;
  }

  function takeBack(pids: ReadonlySet<number>): number[] {
    const gone: number[] = [];
    for (const [pid, known] of told) {
      if (pids.has(pid)) continue;
      known.missedSamples++;
      if (known.missedSamples <= KEPT_SAMPLES) continue;
      told.delete(pid);
      gone.push(pid);
    }
    return gone;
  }

  return {
    /** Call once per sample that is sent, with the pids that it names. */
    update(pids: ReadonlySet<number>): { processes: ProcessFacts[]; gone: number[] } {
      return { gone: takeBack(pids), processes: tellNew(pids) };
    },
  };
}
