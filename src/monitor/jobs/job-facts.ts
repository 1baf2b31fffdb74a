import { MAX_JOBS } from '../../protocol/constants.ts';
import type { JobFacts } from '../../protocol/jobs.ts';

/** How many samples a job may be missing from before its facts are taken back. */
const KEPT_SAMPLES = 60;
/** Names, users and starts are learned later: so often all that was told is compared with what is known. */
const COMPARED_EVERY = 5;
/** Characters of JSON in one message: what is left over is told with the next sample. */
const MAX_FACTS_LENGTH = 256 * 1024;
/** As many as the head keeps. */
const MAX_TOLD = 2 * MAX_JOBS;

interface Told {
  text: string;
  missedSamples: number;
}

/** Which jobs the head has been told about: facts travel once, and again when they change. */
export function createJobFacts(facts: (key: string) => JobFacts | null) {
  const told = new Map<string, Told>();
  let updates = 0;

  function tell(keys: readonly string[]): JobFacts[] {
    const isCompared = ++updates % COMPARED_EVERY === 0;
    const news: JobFacts[] = [];
    let length = 0;
    for (const key of keys) {
      const known = told.get(key);
      if (known !== undefined && known.missedSamples > 0) known.missedSamples = 0;
      else if (known !== undefined && !isCompared) continue;
      if (length > MAX_FACTS_LENGTH || (known === undefined && told.size >= MAX_TOLD)) continue;
      const found = facts(key);
      const text = JSON.stringify(found);
      if (found === null || known?.text === text) continue;
      told.set(key, { text, missedSamples: 0 });
      news.push(found);
      length += text.length;
    }
    return news;
  }

  function forgetGone(keys: ReadonlySet<string>): string[] {
    const gone: string[] = [];
    for (const [key, known] of told) {
      if (keys.has(key)) continue;
      known.missedSamples++;
      if (known.missedSamples <= KEPT_SAMPLES || gone.length >= MAX_JOBS) continue;
      told.delete(key);
      gone.push(key);
    }
    return gone;
  }

  return {
    /** Call once per sample that is sent, with the keys of its jobs. */
    update(keys: readonly string[]): { jobs: JobFacts[]; gone: string[] } {
      return { gone: forgetGone(new Set(keys)), jobs: tell(keys) };
    },
  };
}
