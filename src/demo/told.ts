import type { ProcessFacts } from '../protocol/hello.ts';
import type { JobFacts } from '../protocol/jobs.ts';

/** What is new and what is gone, the latter by pid and key. */
export interface News {
  processes: ProcessFacts[];
  gone: number[];
  jobs: JobFacts[];
  goneJobs: string[];
}

/** What a simulated node has said of its processes and jobs, so that it says everything once. */
export interface Told {
  /** Against what there was the last time. */
  news(processes: readonly ProcessFacts[], jobs: readonly JobFacts[]): News;
}

/** Nothing is told yet. */
export function createTold(): Told {
  const pids = differencer<number>();
  const keys = differencer<string>();
  return {
    news(processes, jobs) {
      const ofProcesses = pids(processes.map(({ pid }) => pid));
      const ofJobs = keys(jobs.map(({ key }) => key));
      return {
        processes: processes.filter(({ pid }) => ofProcesses.isNew(pid)),
        gone: ofProcesses.gone,
        jobs: jobs.filter(({ key }) => ofJobs.isNew(key)),
        goneJobs: ofJobs.gone,
      };
    },
  };
}

/** A function that compares what there is with what there was when it was called last. */
function differencer<T>(): (there: readonly T[]) => { isNew: (one: T) => boolean; gone: T[] } {
  let before = new Set<T>();
  return (there) => {
    const [was, is] = [before, new Set(there)];
    before = is;
    return { isNew: (one) => !was.has(one), gone: [...was].filter((one) => !is.has(one)) };
  };
}
