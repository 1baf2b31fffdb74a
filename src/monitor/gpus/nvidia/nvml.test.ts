import { openSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { noGpuFacts, noGpuFigures } from '../../../protocol/absent.ts';
import { createLeash } from '../../leash.ts';
import { createSystem } from '../../system.ts';
import type { GpuProvider } from '../provider.ts';
import { createNvmlProvider } from './nvml.ts';

/** What the provider makes of a helper that is not as it should be; the rest is in nvidia-contract.test.ts. */

const real = createSystem();
const reading = JSON.stringify({
  type: 'reading',
  facts: [{ ...noGpuFacts, index: 0, vendor: 'NVIDIA', uuid: 'GPU-0' }],
  gpus: [{ ...noGpuFigures, index: 0, health: 'ok', error: null, temperatureCelsius: 44 }],
  processes: [],
});

describe('a helper', () => {
  let provider: GpuProvider | null = null;
  afterEach(() => provider?.stop());

  /** A shell stands for the helper. */
  function start(script: string, unusable: string[] = [], onReading = () => {}): GpuProvider {
    const system = {
      ...real,
      list: () => [],
      startTalking: () => real.startTalking('/bin/sh', ['-c', script]),
    };
    provider = createNvmlProvider({
      system,
      leash: createLeash(system),
      kit: { descriptor: openSync('/dev/null', 'r'), programAt: 0, programBytes: 0 },
      onReading,
      onUnusable: (reason) => unusable.push(reason),
    });
    provider.start(1_000);
    return provider;
  }

  it('among whose words a library prints its own is understood', async () => {
    const noise = ['NVML: DEBUG', '5', 'null', '{"type":', '"reading"', '[]', '{}'];
    const script = [...noise, reading, ...noise].map((line) => `echo '${line}'`).join('; ');
    const running = start(`${script}; exec cat > /dev/null`);
    await expect.poll(() => running.read().gpus[0]?.temperatureCelsius).toBe(44);
    expect(running.read()).toMatchObject({ known: true, error: null, facts: [{ uuid: 'GPU-0' }] });
  });

  it('is heard whenever it has read the GPUs, and then only', async () => {
    const temperatures: unknown[] = [];
    const fifth = (celsius: number) => reading.replace('44', String(celsius));
    const running = start(
      `echo '${fifth(51)}'; echo noise; echo '${fifth(52)}'; exec cat > /dev/null`,
      [],
      () => temperatures.push(running.read().gpus[0]?.temperatureCelsius),
    );
    await expect.poll(() => temperatures).toEqual([51, 52]);
  });

  it('that cannot be used at all is given up at once', async () => {
    const unusable: string[] = [];
    start(`echo '{"type":"unusable","reason":"no such library"}'; exec cat > /dev/null`, unusable);
    await expect.poll(() => unusable).toEqual(['no such library']);
  });
});
