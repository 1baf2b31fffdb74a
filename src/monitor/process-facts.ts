import { MAX_PROCESS_FACTS } from '../protocol/constants.ts';
import type { ProcessFacts } from '../protocol/hello.ts';

/** How many samples a process may be missing from before its facts are taken back. */
const KEPT_SAMPLES = 60;

/**
 * Characters of JSON in one message: a user's own words may take six times their length, and a line that is
 * too long would cost the whole node its connection. What is left over is told with the next sample.
 */
const MAX_FACTS_LENGTH = 256 * 1024;

/** Reading facts may hold up a sample so long; who is left out is told with the next one. */
const FACTS_LIMIT_MS = 100;

/**
 * A program that starts another in its place, or gives itself another title, is another to who looks; what is told is
 * compared with what is there after one sample, then after twice as many each time.
 */
const LONGEST_WAIT_SAMPLES = 64;

interface Told {
  startTicks: number | null;
  facts: ProcessFacts;
  missedSamples: number;
  compareAt: number;
  waitSamples: number;
}

export interface ProcessFactsSource {
  facts(pid: number): ProcessFacts | null;
  startOf(pid: number): number | null;
  jobOf(pid: number): string | null;
  /** Changes whenever the name of a user may have become known. */
  namesVersion(): number;
  monotonicMs(): number;
}

const isSame = (one: ProcessFacts, other: ProcessFacts) =>
  one.user === other.user &&
  one.command === other.command &&
  one.arguments === other.arguments &&
  one.job === other.job;

/**
 * Which processes the head has been told about: facts travel once, samples carry pids only. They are told again when
 * they change: a user's name is known later than his process, a process gets into another job. A pid with another
 * start time is another process.
 */
export function createProcessFacts(source: ProcessFactsSource) {
  const told = new Map<number, Told>();
  let updates = 0;
  let version = source.namesVersion();

  function isDue(known: Told, pid: number): boolean {
    return (
      known.startTicks !== source.startOf(pid) ||
      known.facts.job !== source.jobOf(pid) ||
      updates >= known.compareAt
    );
  }

  function readAlone(pid: number): ProcessFacts | null {
    try {
      return source.facts(pid);
    } catch {
      return null;
    }
  }

  /** What is to be told of the process, if anything. */
  function news(pid: number, known: Told | undefined): ProcessFacts | null {
    const startTicks = source.startOf(pid);
    const found = known || told.size < MAX_PROCESS_FACTS ? readAlone(pid) : null;
    if (found === null) return null;
    const isKnown = known !== undefined && known.startTicks === startTicks && isSame(known.facts, found);
    const waitSamples = isKnown ? Math.min(2 * known.waitSamples, LONGEST_WAIT_SAMPLES) : 1;
    told.set(pid, {
      startTicks,
      facts: isKnown ? known.facts : found,
      missedSamples: 0,
      compareAt: updates + waitSamples,
      waitSamples,
    });
    return isKnown ? null : found;
  }

  /** Those that nothing was told of come first, so that none waits for others to be compared. */
  function inTurn(pids: ReadonlySet<number>): number[] {
    const unknown: number[] = [];
    const due: number[] = [];
    for (const pid of pids) {
      const known = told.get(pid);
      if (known === undefined) unknown.push(pid);
      else {
        known.missedSamples = 0;
        if (isDue(known, pid)) due.push(pid);
      }
    }
    return [...unknown, ...due];
  }

  function tellNew(pids: ReadonlySet<number>): ProcessFacts[] {
    const startedMs = source.monotonicMs();
    const all: ProcessFacts[] = [];
    let length = 0;
    for (const pid of inTurn(pids)) {
      if (length > MAX_FACTS_LENGTH || source.monotonicMs() - startedMs > FACTS_LIMIT_MS) break;
      const found = news(pid, told.get(pid));
      if (found === null) continue;
      all.push(found);
      length += JSON.stringify(found).length;
    }
    return all;
  }

  function noteNames(): void {
    if (source.namesVersion() === version) return;
    version = source.namesVersion();
    for (const known of told.values()) known.compareAt = updates;
  }

  function forgetGone(pids: ReadonlySet<number>): number[] {
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
      updates++;
      noteNames();
      return { gone: forgetGone(pids), processes: tellNew(pids) };
    },
  };
}
