import { beforeEach, describe, expect, it } from 'vitest';
import type { SchedulerAnswer, SchedulerNode, SlurmPlace } from '../protocol/scheduler.ts';
import { type Candidate, createSchedulerAnswers, type SchedulerAnswers } from './scheduler-answers.ts';

const place = (nodeName: string, cluster = 'fleet'): SlurmPlace => ({
  cluster,
  nodeName,
  canAsk: true,
  gpuMinors: [],
});
const node = (name: string, hostname: string | null = null): SchedulerNode => ({
  name,
  hostname,
  state: 'IDLE',
  reason: null,
  partitions: [],
  reservation: null,
  gpuCount: 0,
  allocations: [],
});
const answer = (nodes: SchedulerNode[], more: Partial<SchedulerAnswer> = {}): SchedulerAnswer => ({
  cluster: 'fleet',
  part: 0,
  parts: 1,
  nodes,
  error: null,
  ...more,
});

describe('who asks a scheduler', () => {
  let answers: SchedulerAnswers;
  let live: Set<string>;
  let nowMs: number;

  beforeEach(() => {
    answers = createSchedulerAnswers();
    live = new Set(['n1', 'n2', 'n3', 'other', 'alone']);
    nowMs = 0;
  });

  function chosen(): string[] {
    const candidates: Candidate[] = ['n1', 'n2', 'n3', 'other', 'alone'].map((name) => ({
      name,
      isLive: live.has(name),
      place: name === 'alone' ? null : place(name, name === 'other' ? 'second' : 'fleet'),
    }));
    return [...answers.choose(candidates, nowMs)];
  }
  const take = (name: string, said: SchedulerAnswer) => answers.take(name, place(name), said, nowMs);
  const about = (name: string) => answers.about(place(name), nowMs);

  it('is one node of each cluster, and another one when that one goes', () => {
    expect(chosen()).toEqual(['n1', 'other']);
    nowMs += 1_000;
    take('n1', answer([node('n1')]));
    nowMs += 100_000;
    expect(chosen()).toEqual(['n1', 'other']);
    live.delete('n1');
    expect(chosen()).toEqual(['n2', 'other']);
    live.add('n1');
    expect(chosen()).toEqual(['n2', 'other']);
  });

  it('is another one where the scheduler refuses it or it says nothing, but not all of them in a moment', () => {
    chosen();
    take('n1', answer([], { parts: 0, error: 'denied' }));
    nowMs += 1_000;
    expect(chosen()[0]).toBe('n1');
    nowMs += 60_000;
    expect(chosen()[0]).toBe('n2');
    nowMs += 119_000;
    expect(chosen()[0]).toBe('n2');
    nowMs += 2_000;
    expect(chosen()[0]).toBe('n3');
    expect(about('n2').problem).toBe('it does not answer: denied');
    nowMs += 121_000;
    // All have failed: it begins anew, not with the last one.
    expect(chosen()[0]).toBe('n1');
  });

  it('is believed, and nobody who was not asked or belongs elsewhere', () => {
    chosen();
    take('n2', answer([node('n1')]));
    answers.take('n1', place('n1', 'second'), answer([node('n1')]), nowMs);
    take('n1', answer([node('n1')], { cluster: 'second' }));
    expect(about('n1').node).toBeNull();
    take('n1', answer([node('n1')]));
    expect(about('n1')).toMatchObject({ node: { name: 'n1' }, askedBy: 'n1', ageMs: 0, problem: null });
  });

  it('tells in parts, which count once all of them are there', () => {
    chosen();
    take('n1', answer([node('n1')], { part: 0, parts: 2 }));
    expect(about('n1').node).toBeNull();
    take('n1', answer([node('n2')], { part: 1, parts: 2 }));
    expect([about('n1').node?.name, about('n2').node?.name]).toEqual(['n1', 'n2']);
  });

  it('says that nothing changed; an old answer counts no more', () => {
    chosen();
    take('n1', answer([node('n1')]));
    nowMs += 170_000;
    take('n1', answer([], { parts: 0 }));
    nowMs += 170_000;
    expect(about('n1').node?.name).toBe('n1');
    nowMs += 11_000;
    expect(about('n1')).toMatchObject({
      node: null,
      askedBy: 'n1',
      problem: 'its last answer is 3m01s old and counts no more',
    });
  });

  it('finds a node by Slurm’s name, by its host’s, and without the domain', () => {
    chosen();
    take('n1', answer([node('c1', 'n1'), node('n1', 'n2')]));
    expect(about('n1').node?.name).toBe('n1');
    expect(about('n2').node?.name).toBe('n1');
    expect(about('c1.example.org').node?.name).toBe('c1');
    expect(about('n9').node).toBeNull();
  });
});
