import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type HistoryService, openService } from '../../src/history/service.ts';
import { usualKeptDays } from '../../src/history/tiers.ts';
import { pointOf } from '../support/history-trace.ts';
import { fleet } from './fleet.ts';

/** History on a file system of its own, which is full. */

let folder: string;
let service: HistoryService | null = null;
beforeEach((context) => {
  // Mounting needs root, as the fleet does.
  if (!fleet) context.skip();
  folder = mkdtempSync(join(tmpdir(), 'rollcall-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'full', folder]);
});
afterEach(async () => {
  await service?.close();
  if (!fleet) return;
  execFileSync('umount', ['-l', folder]);
  rmSync(folder, { recursive: true, force: true });
});

const START = Math.floor(Date.now() / 1_800_000) * 180 - 180;
const sample = (at: number) =>
  Array.from({ length: 50 }, (_, node) =>
    pointOf(`node${node}`, (START + at) * 10_000, {
      cpu: at % 100,
      gpus: new Map(Array.from({ length: 8 }, (__, gpu) => [gpu, (at * 7 + gpu) % 100])),
      jobs: new Map(),
    }),
  );

it('says that it is not written where the disk is full, goes on in memory, and resumes once there is room', async () => {
  service = await openService({ folder, keptDays: usualKeptDays, mostBytes: null, url: null });
  const { bavail, bsize } = statfsSync(folder);
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 400_000)));
  let at = 0;
  for (; at < 170 && (await service.status()).state === 'on'; at++) await service.append(sample(at));
  const failing = await service.status();
  expect(failing).toMatchObject({ state: 'failing' });
  expect(failing.problem).toMatch(/^history is not written: .*(full|I\/O)/);
  for (const end = at + 5; at < end; at++) await service.append(sample(at));
  rmSync(ballast);
  await service.append(sample(at));
  expect(await service.status()).toMatchObject({ state: 'on', problem: null });
  await service.close();
  service = await openService({ folder, keptDays: usualKeptDays, mostBytes: null, url: null });
  const { series } = await service.history({
    node: 'node7',
    series: ['cpu'],
    fromMs: START * 10_000,
    toMs: (START + at + 1) * 10_000,
    stepMs: 10_000,
  });
  expect(series[0]?.mean).toEqual(Array.from({ length: at + 1 }, (_, one) => one % 100));
});
