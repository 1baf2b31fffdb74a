import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { ForeignFunctions } from '../../src/monitor/nvml/library.ts';
import { createNvmlReader, type NvmlReader } from '../../src/monitor/nvml/reader.ts';
import { compileNvml, type NvmlScenario, type StandInGpu, writeNvmlScenario } from './nvml-stand-in.ts';

/** Readers of the stand-in for NVML, all on one clock that tests move. */
export interface NvmlReaders {
  /** What the driver answers from now on. */
  write(scenario: NvmlScenario): void;
  /** `flags`: how the library is compiled. `onPause` hears how long a reader would wait. */
  open(options?: { flags?: readonly string[]; onPause?: (ms: number) => void }): NvmlReader;
  openFile(path: string): NvmlReader;
  /** Lets so much time pass. */
  pass(ms: number): void;
}

/** A GPU by its number. */
export const nvmlCard = (index: number, more: Record<string, string> = {}): StandInGpu => ({
  uuid: `GPU-${index}`,
  pciAddress: `00000000:${10 + index}:00.0`,
  name: 'NVIDIA H100 80GB HBM3',
  more,
});

/** A GPU that tells all that there is. */
export const fullCard = {
  vbios: '96.00.74.00.01',
  bar1: `${128 * 1024 ** 3} ${3 * 1024 ** 2}`,
  encoder: '5 167000',
  decoder: '7 167000',
  energy: '123456789',
  fan: '41',
  'max-clocks': '1980 1980 2619',
  reasons: '0x24',
  pcie: '4 8 5 16',
  'pcie-bytes': '4294967000 1000',
  nvlink: '17 18 1000 2000',
  'memory-temperature': '55',
  thresholds: '95 90 88',
  'ecc-mode': '1 1',
  ecc: '3 0 120 1',
  retired: '2 1 0',
  remapped: '4 1 1 0',
  compute: '3',
  persistence: '1',
  'mig-mode': '0 0',
};

/** To be called where tests are described; the libraries go with them. */
export function useNvmlReaders(): NvmlReaders {
  const compiled = new Map<string, string>();
  let folder = '';
  let foreign: ForeignFunctions;
  let nowMs = 0;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'nvml-'));
    process.env.NVML_SCENARIO = join(folder, 'scenario');
    const addon = createRequire(import.meta.url).resolve(`@koromix/koffi-linux-${process.arch}`);
    foreign = createRequire(import.meta.url)(join(addon, '..', `linux_${process.arch}`, 'koffi.node'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function compile(flags: readonly string[]): string {
    const known = compiled.get(flags.join(' '));
    if (known !== undefined) return known;
    const place = join(folder, `library-${compiled.size}`);
    compileNvml(place, flags);
    compiled.set(flags.join(' '), join(place, 'libnvidia-ml.so.1'));
    return join(place, 'libnvidia-ml.so.1');
  }

  const openFile = (path: string, onPause: (ms: number) => void = () => undefined) =>
    createNvmlReader(foreign, path, () => nowMs, onPause);
  return {
    write: (scenario) => writeNvmlScenario(join(folder, 'scenario'), scenario),
    open: ({ flags = [], onPause } = {}) => openFile(compile(flags), onPause),
    openFile: (path) => openFile(path),
    pass(ms) {
      nowMs += ms;
    },
  };
}
