import { describe, expect, it } from 'vitest';
import { MAX_JOBS, MAX_MESSAGE_BYTES } from '../../protocol/constants.ts';
import type { JobFacts } from '../../protocol/jobs.ts';
import { createProcessFacts } from '../process-facts.ts';
import { createJobFacts } from './job-facts.ts';

const factsOf = (key: string, name: string | null): JobFacts => ({
  key,
  kind: 'slurm',
  id: key,
  name,
  user: null,
  startTimeMs: null,
});

describe('facts of jobs', () => {
  it('are told once, and again when they change', () => {
    let name: string | null = null;
    const facts = createJobFacts((key) => factsOf(key, name));
    expect(facts.update(['a']).jobs).toHaveLength(1);
    expect(facts.update(['a']).jobs).toEqual([]);
    name = 'train';
    const told = Array.from({ length: 10 }, () => facts.update(['a']).jobs).flat();
    expect(told).toEqual([factsOf('a', 'train')]);
  });

  it('are taken back when a job has been away for long', () => {
    const facts = createJobFacts((key) => factsOf(key, null));
    facts.update(['a']);
    const gone = Array.from({ length: 70 }, () => facts.update([]).gone).flat();
    expect(gone).toEqual(['a']);
    expect(facts.update(['a']).jobs).toHaveLength(1);
  });

  it('are told over several samples where names are long, and all of them', () => {
    const keys = Array.from({ length: MAX_JOBS }, (_, at) => `slurm:${at}`);
    const facts = createJobFacts((key) => factsOf(key, '\u0001'.repeat(200)));
    const told = new Set<string>();
    for (let samples = 0; told.size < keys.length; samples++) {
      expect(samples).toBeLessThan(50);
      const { jobs } = facts.update(keys);
      expect(JSON.stringify(jobs).length).toBeLessThan(MAX_MESSAGE_BYTES / 2);
      for (const { key } of jobs) told.add(key);
    }
  });
});

describe('facts of a process', () => {
  it('are told again when it gets into another job', () => {
    let job = 'systemd:slurmd.service';
    const facts = createProcessFacts({
      facts: (pid) => ({ pid, startTimeMs: 1, user: 'ann', command: 'python', arguments: '', job }),
      startOf: () => 1,
      jobOf: () => job,
      namesVersion: () => 0,
      monotonicMs: () => 0,
    });
    const pids = new Set([7]);
    expect(facts.update(pids).processes).toHaveLength(1);
    expect(facts.update(pids).processes).toEqual([]);
    job = 'slurm:1';
    expect(facts.update(pids).processes).toMatchObject([{ pid: 7, job: 'slurm:1' }]);
    expect(facts.update(pids).processes).toEqual([]);
  });
});
