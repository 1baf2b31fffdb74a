import { describe, expect, it } from 'vitest';
import { nvmlCard, useNvmlReaders } from '../../../test/support/nvml-reader.ts';
import { canCompile } from '../../../test/support/nvml-stand-in.ts';
import { describeCode } from './library.ts';

describe.runIf(canCompile)('a GPU or a library that does not answer', () => {
  const nvml = useNvmlReaders();

  it('tells a GPU that needs a reset from one that is lost', () => {
    nvml.write({ gpus: [nvmlCard(0)], lines: ['code nvmlDeviceGetUtilizationRates 16'] });
    expect(nvml.open().read().gpus[0]).toMatchObject({ health: 'error', error: 'GPU requires a reset' });
    nvml.write({ gpus: [nvmlCard(0)], lines: ['code nvmlDeviceGetHandleByIndex_v2 15'] });
    expect(nvml.open().read().gpus[0]).toMatchObject({ health: 'lost', utilizationPercent: null });
  });

  it('tells a GPU that has only unknown errors', () => {
    const silent = ['MemoryInfo_v2', 'MemoryInfo', 'Temperature', 'UtilizationRates', 'PowerUsage'];
    const lines = silent.map((name) => `code nvmlDeviceGet${name} 999`);
    nvml.write({ gpus: [nvmlCard(0)], lines });
    expect(nvml.open().read().gpus[0]).toMatchObject({
      health: 'error',
      error: 'unknown error of the driver',
    });
  });

  it('keeps the name of a GPU that gets lost, and finds it again', () => {
    nvml.write({ gpus: [nvmlCard(0), nvmlCard(1)] });
    const reader = nvml.open();
    reader.read();
    nvml.pass(10_000);
    nvml.write({ gpus: [nvmlCard(0), nvmlCard(1, { lost: '1' })] });
    const lost = reader.read();
    expect(lost.facts?.[1]).toMatchObject({ index: 1, uuid: 'GPU-1', name: 'NVIDIA H100 80GB HBM3' });
    expect(lost.gpus).toMatchObject([{ health: 'ok' }, { index: 1, health: 'lost', memoryUsedBytes: null }]);
    nvml.pass(1_000);
    nvml.write({ gpus: [nvmlCard(0), nvmlCard(1)] });
    reader.read();
    expect(reader.read()).toMatchObject({
      gpus: [{ health: 'ok' }, { health: 'ok', temperatureCelsius: 30 }],
    });
  });

  it.each([
    [4, 'insufficient permissions'],
    [9, 'driver not loaded'],
    [18, 'driver/library version mismatch'],
    [999, 'unknown error of the driver'],
    [777, 'NVML error 777'],
  ])('names the library’s code %i', (code, text) => {
    nvml.write({ gpus: [], lines: [`init ${code}`] });
    expect(nvml.open).toThrow(text);
    expect(describeCode(code)).toBe(text);
  });

  it('throws where there is no library', () => {
    expect(() => nvml.openFile('/nowhere/none.so')).toThrow(/load/);
  });
});
