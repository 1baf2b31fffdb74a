import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSample } from '../src/protocol/read-sample.ts';
import type { Sample } from '../src/protocol/sample.ts';
import type { MonitorBundle } from '../src/transport/bootstrap/monitor-bundle.ts';
import { openMonitor } from '../src/transport/bootstrap/monitor-link.ts';
import { bundleMonitor } from './support/monitor-bundle.ts';
import { options, shellTransport } from './support/monitor-link.ts';
import { buildKit, canCompile, compileNvml, writeNvmlScenario } from './support/nvml-stand-in.ts';

/** What the real monitor says first. */

const MOST_MS = 1_000;
const card = { uuid: 'GPU-0', pciAddress: '00000000:40:00.0', name: 'NVIDIA H100 80GB HBM3' };

describe.runIf(canCompile)('the first sample', () => {
  let folder = '';
  let monitor: MonitorBundle;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'first-'));
    compileNvml(folder);
    const kit = buildKit();
    monitor = { ...(await bundleMonitor()), nvmlKits: { x64: kit, arm64: kit } };
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The first one, and how long after the hello it was taken. */
  async function firstSample(environment: NodeJS.ProcessEnv, intervalMs: number) {
    let heard: (sample: Sample) => void = () => undefined;
    const first = new Promise<Sample>((resolve) => {
      heard = resolve;
    });
    const link = await openMonitor(
      options(shellTransport('/bin/sh', { ...process.env, ...environment }), {
        monitor,
        intervalMs,
        onSample(_brief, whole) {
          const read = readSample(whole);
          if (read.ok) heard(read.sample);
        },
      }),
    );
    const sample = await first;
    link.send({ type: 'stop' });
    await link.ended;
    return { sample, afterMs: (sample.takenAtMs ?? 0) - (link.hello.clockMs ?? 0) };
  }

  it('has the GPUs where NVML answers soon, and does not wait for long where it does not', async () => {
    const environment = { LD_LIBRARY_PATH: folder, NVML_SCENARIO: join(folder, 'scenario') };
    writeNvmlScenario(join(folder, 'scenario'), { gpus: [card], lines: ['wait 400'] });
    const soon = await firstSample(environment, 5_000);
    // On a machine that is so busy that even this takes a second it comes without.
    if (soon.afterMs < MOST_MS) expect(soon.sample.gpus?.index).toEqual([0]);
    expect(soon.sample.cpu?.totalPercent).toEqual(expect.any(Number));

    writeNvmlScenario(join(folder, 'scenario'), { gpus: [card], lines: ['wait 60000'] });
    const late = await firstSample(environment, 5_000);
    expect(late.sample.gpus).toBeNull();
    expect(late.sample.cpu?.totalPercent).toEqual(expect.any(Number));
    expect(late.afterMs).toBeGreaterThanOrEqual(MOST_MS);
  });
});
