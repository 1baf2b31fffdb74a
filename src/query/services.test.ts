import { expect, test } from 'vitest';
import type { ClusterJob } from '../report/rows.ts';
import { asksForFree } from './free-first.ts';
import { parseQuery } from './parse.ts';
import { asksForServices, isService } from './services.ts';

const job = (change: Partial<ClusterJob>) =>
  ({ kind: 'systemd', id: 'docker.service', gpus: [], cpuPercent: 2, ...change }) as ClusterJob;

function asked(text: string, asks: typeof asksForServices): boolean {
  const parsed = parseQuery(text);
  return parsed.ok && asks(parsed.query);
}

test('units of the machine are services, and users’ that do next to nothing; what holds a GPU never', () => {
  expect(isService(job({}))).toBe(true);
  expect(isService(job({ cpuPercent: 900 }))).toBe(true);
  expect(isService(job({ id: '1000/pipewire.service' }))).toBe(true);
  expect(isService(job({ id: '1000/jupyter.service', cpuPercent: 400 }))).toBe(false);
  expect(isService(job({ id: 'run-r12.scope' }))).toBe(false);
  expect(isService(job({ kind: 'slurm', id: 'x.service' }))).toBe(false);
  expect(isService(job({ gpus: [{ node: 'a', index: 0, uuid: null, name: null }] }))).toBe(false);
});

test('a search for jobs by what they are means services too', () => {
  for (const text of ['kind:systemd', 'job:docker', 'dockerd', 'cmd:sshd'])
    expect(asked(text, asksForServices), text).toBe(true);
  for (const text of ['', 'user:alice', 'node:a', '-kind:systemd'])
    expect(asked(text, asksForServices), text).toBe(false);
});

test('what asks for free GPUs', () => {
  expect(['is:free', 'gpu:h100 is:free'].map((text) => asked(text, asksForFree))).toEqual([true, true]);
  expect(['', '-is:free', 'is:busy', 'free:>2'].map((text) => asked(text, asksForFree))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
