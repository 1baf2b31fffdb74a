import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixturesFolder } from '../../../../test/fixtures.ts';
import { amdRows, parseAmdMetric, parseAmdProcesses, parseAmdStatic } from './amd-smi-parse.ts';
import { parseClockLevels, parseErrorCount } from './amd-sysfs.ts';
import { parseTopologyAddress } from './kfd-processes.ts';
import { parseRocmSmi } from './rocm-smi-parse.ts';

const MEBIBYTE = 1024 ** 2;
const folderOf = (...path: string[]) => join(fixturesFolder ?? '', ...path);
const capture = (...path: string[]) => readFileSync(folderOf(...path), 'utf8');
const names = (folder: string, pattern: RegExp) =>
  fixturesFolder === null ? [] : readdirSync(folderOf(folder)).filter((name) => pattern.test(name));

/**
 * The tree that `--json` prints, from the indented text that the tool prints for people: most real captures are
 * of that text, and both are written from the same values.
 */
function treeOf(text: string): string {
  const gpus: Record<string, unknown>[] = [];
  let open: { indent: number; tree: Record<string, unknown> }[] = [];
  for (const line of text.split('\n')) {
    const [, spaces = '', name = '', value = ''] = /^(\s*)([A-Z][\w /-]*?):\s*(.*)$/.exec(line) ?? [];
    if (name === '') continue;
    if (name === 'GPU') {
      const gpu = { gpu: Number(value) };
      gpus.push(gpu);
      open = [{ indent: -1, tree: gpu }];
      continue;
    }
    open = open.filter(({ indent }) => indent < spaces.length);
    const parent = open.at(-1)?.tree;
    if (parent === undefined) continue;
    const key = name.toLowerCase();
    if (value === '') {
      const tree = {};
      parent[key] = tree;
      open.push({ indent: spaces.length, tree });
    } else parent[key] = value.startsWith('[') ? value.slice(1, -1).split(', ') : value.replace('°', '');
  }
  return JSON.stringify(gpus);
}

describe('amd-smi', () => {
  const metric = (gpu: object) => parseAmdMetric(JSON.stringify([{ gpu: 0, ...gpu }]))?.get(0);

  it('takes figures as numbers, texts and pairs, and none for N/A', () => {
    for (const printed of [42, '42', '42 %', { value: 42, unit: '%' }, { value: '42', unit: '%' }]) {
      expect(metric({ usage: { gfx_activity: printed } })?.sample.utilizationPercent).toBe(42);
    }
    for (const printed of ['N/A', null, {}, [], -1, { value: 'N/A', unit: '%' }]) {
      expect(metric({ usage: { gfx_activity: printed } })?.sample.utilizationPercent).toBeNull();
    }
  });

  it('knows both shapes of the answer, among warnings', () => {
    const gpu = { gpu: 3, power: { average_socket_power: 90 } };
    for (const text of [JSON.stringify([gpu]), JSON.stringify({ gpu_data: [gpu] })]) {
      expect(parseAmdMetric(`WARNING: [amd] is\n${text}\n`)?.get(3)?.sample.powerWatts).toBe(90);
    }
  });

  it('finds a process in every shape', () => {
    const shapes = [
      { process_info: { pid: 7, memory_usage: { vram_mem: { value: 2, unit: 'MB' } } } },
      { pid: 7, vram_mem: { value: 2, unit: 'MB' } },
      { process_info: { pid: '7', memory_usage: { vram_mem: '2 MB' } } },
      { process_info: { pid: 7, memory_usage: { vram_mem: 2 * MEBIBYTE } } },
    ];
    for (const shape of shapes) {
      expect(parseAmdProcesses(JSON.stringify([{ gpu: 2, process_list: [shape] }]))).toMatchObject([
        { pid: 7, gpuIndex: 2, gpuMemoryBytes: 2 * MEBIBYTE },
      ]);
    }
    const none = [{ gpu: 0, process_list: [{ process_info: 'No running processes detected' }] }];
    expect(parseAmdProcesses(JSON.stringify(none))).toEqual([]);
  });

  it('leaves out processes that are said of all GPUs alike', () => {
    const list = (...bytes: number[]) =>
      bytes.map((value, place) => ({
        process_info: { pid: 70 + place, memory_usage: { vram_mem: { value, unit: 'B' } } },
      }));
    const gpus = [
      { gpu: 0, process_list: list(56_000, 21_000_000_000, 5_000) },
      { gpu: 1, process_list: list(56_000, 21_000_000_000, 0) },
    ];
    expect(parseAmdProcesses(JSON.stringify(gpus))).toMatchObject([
      { pid: 72, gpuIndex: 0, gpuMemoryBytes: 5_000 },
      { pid: 72, gpuIndex: 1, gpuMemoryBytes: 0 },
    ]);
  });

  it('takes a zero that cannot be for none, and other video figures where one kind is not there', () => {
    const zero = { value: 0, unit: 'MHz' };
    const found = metric({
      usage: { mm_activity: { value: 7, unit: '%' }, vcn_activity: ['N/A', 'N/A'] },
      clock: { gfx_0: { clk: { value: 2774, unit: 'MHz' }, max_clk: zero } },
      energy: { total_energy_consumption: { value: 0, unit: 'J' } },
    });
    expect(found?.sample).toMatchObject({ smClockMHz: 2774, energyJoules: null, decoderPercent: 7 });
    expect(found?.facts).toEqual({});
  });

  it('gives each partition its own load, which the first one of its GPU tells', () => {
    const percent = (value: number) => ({ value, unit: '%' });
    const busy = { xcp_0: [percent(100), percent(50), 'N/A'], xcp_1: [percent(20), percent(40), 'N/A'] };
    const metrics = [
      { gpu: 0, usage: { gfx_activity: percent(52), gfx_busy_inst: busy } },
      { gpu: 1, usage: 'N/A' },
      { gpu: 2, usage: { gfx_activity: percent(7), gfx_busy_inst: { xcp_0: [percent(7)] } } },
      { gpu: 3, usage: 'N/A' },
    ];
    const addresses = ['0000:0c:00.0', '0000:0c:00.1', '0000:22:00.0', '0000:22:00.1'];
    const facts = parseAmdStatic(JSON.stringify(addresses.map((bdf, gpu) => ({ gpu, bus: { bdf } }))));
    const rows = amdRows(facts ?? new Map(), parseAmdMetric(JSON.stringify(metrics)) ?? new Map());
    // 52 is what the whole GPU does.
    expect(rows.map(({ sample }) => sample.utilizationPercent)).toEqual([75, 30, 7, null]);
    expect(rows[1]?.facts.pciAddress).toBe('00000000:0c:00.1');
    const shared = parseAmdStatic(
      JSON.stringify(addresses.map((bdf, gpu) => ({ gpu, bus: { bdf: bdf.replace(/1$/, '0') } }))),
    );
    const alike = amdRows(shared ?? new Map(), parseAmdMetric(JSON.stringify(metrics)) ?? new Map());
    expect(alike.map(({ sample }) => sample.utilizationPercent)).toEqual([75, 30, 7, null]);
  });

  it.runIf(fixturesFolder)('finds the lists of eight partitions', () => {
    for (const name of ['doc-rocm6.3.0', 'doc-vendored-rocm7.0.0']) {
      const text = capture('amd/amd-smi', `${name}-amd-smi-metric-usage.txt`);
      expect([...(parseAmdMetric(treeOf(text))?.values() ?? [])][0]?.partitionPercents).toEqual(
        Array(8).fill(0),
      );
    }
  });

  it('takes a GPU without memory of its own for none that is full', () => {
    const zero = { value: 0, unit: 'MB' };
    const found = metric({ mem_usage: { total_vram: zero, used_vram: zero, free_vram: zero } });
    expect(found?.sample).toMatchObject({ memoryUsedBytes: null, memoryFreeBytes: null });
    expect(found?.facts).toEqual({});
  });

  it('tells the kernel’s version for a driver that came with it', () => {
    const version = 'Linuxversion6.8.0-79-generic(buildd@host)(gcc(Ubuntu13)13.3.0)#79-Ubuntu';
    const facts = parseAmdStatic(JSON.stringify([{ gpu: 0, driver: { version } }]))?.get(0);
    expect(facts?.driverVersion).toBe('6.8.0-79-generic');
  });

  it('takes an error for no answer', () => {
    for (const text of ["Can not find a device: GPU '123' Error code: -3", '', '[]', '{"error":"x"}']) {
      expect(parseAmdMetric(text)).toBeNull();
      expect(parseAmdStatic(text)).toBeNull();
      expect(parseAmdProcesses(text)).toBeNull();
    }
  });

  it('never throws, and never gives a figure that is no number', () => {
    const figure = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('N/A', '1e999', '-5 W', '12 W', { value: 3, unit: 'W' }),
    );
    const gpu = fc.record({
      gpu: fc.oneof(fc.nat(9), figure),
      usage: fc.oneof(figure, fc.record({ gfx_activity: figure, vcn_activity: figure })),
      power: fc.oneof(figure, fc.record({ socket_power: figure, throttle_status: figure })),
      mem_usage: fc.oneof(figure, fc.record({ total_vram: figure, used_vram: figure })),
      process_list: figure,
    });
    fc.assert(
      fc.property(fc.array(gpu), (gpus) => {
        const text = JSON.stringify(gpus);
        for (const { sample } of parseAmdMetric(text)?.values() ?? [])
          for (const value of Object.values(sample)) expect(value).not.toBeNaN();
        parseAmdStatic(text);
        parseAmdProcesses(text);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => parseAmdMetric(`[${text}`) === null));
  });
});

describe.runIf(fixturesFolder)('real captures of amd-smi', () => {
  const metricOf = (name: string, gpu = 0) => parseAmdMetric(treeOf(capture('amd/amd-smi', name)))?.get(gpu);

  it('reads the metrics of an MI300X', () => {
    const found = metricOf('doc-vendored-rocm7.1.0-amd-smi-metric.txt');
    expect(found?.sample).toMatchObject({
      utilizationPercent: 0,
      memoryUtilizationPercent: 0,
      temperatureCelsius: 37,
      powerWatts: 140,
      energyJoules: 14292727.274,
      memoryUsedBytes: 283 * MEBIBYTE,
      smClockMHz: 132,
      fanPercent: null,
      pcieGeneration: 5,
      pcieWidth: 16,
    });
    expect(found?.facts).toMatchObject({
      memoryTotalBytes: 196592 * MEBIBYTE,
      eccVolatileCorrected: 0,
      eccVolatileUncorrected: 0,
    });
  });

  it('reads parts', () => {
    expect(metricOf('doc-rocm6.1.2-amd-smi-metric-power.txt', 1)?.sample).toMatchObject({
      powerWatts: 17,
      throttleReasons: '',
    });
    const usage = metricOf('doc-vendored-rocm7.0.0-amd-smi-metric-usage.txt')?.sample;
    expect(usage).toMatchObject({ utilizationPercent: 0, encoderPercent: 0, decoderPercent: 0 });
    const clock = metricOf('doc-rocm6.1.1-amd-smi-metric-clock.txt');
    expect(clock?.sample.smClockMHz).toBe(113);
    expect(clock?.facts.smClockMaxMHz).toBe(1800);
    const limits = parseAmdStatic(treeOf(capture('amd/amd-smi/doc-rocm6.1.2-amd-smi-static-limit.txt')));
    expect(limits?.get(0)).toMatchObject({
      powerLimitWatts: 203,
      powerLimitMaxWatts: 203,
      slowdownCelsius: 110,
      shutdownCelsius: 115,
      memoryLimitCelsius: 100,
    });
    expect(limits?.get(1)?.powerLimitWatts).toBe(213);
    const asic = parseAmdStatic(treeOf(capture('amd/amd-smi/doc-rocm6.3.0-amd-smi-static-asic-2.txt')));
    expect(asic?.get(0)?.name).toBe('MI308X');
    const vram = parseAmdStatic(
      treeOf(capture('amd/amd-smi/doc-vendored-rocm6.4.0-amd-smi-static-vram.txt')),
    );
    expect(vram?.get(1)?.memoryTotalBytes).toBe(30704 * MEBIBYTE);
  });

  it('reads processes', () => {
    expect(parseAmdProcesses(capture('amd/amd-smi/doc-rocm6.2.0-json-example-l865.json'))).toMatchObject([
      { pid: 420157, gpuIndex: 0, gpuMemoryBytes: null },
      { pid: 420315, gpuIndex: 0, gpuMemoryBytes: null },
    ]);
    expect(parseAmdProcesses(treeOf(capture('amd/amd-smi/doc-rocm6.2.0-amd-smi-process.txt')))).toMatchObject(
      [{ pid: 1693982, gpuIndex: 0, gpuMemoryBytes: Math.round(10.1 * 1024 * MEBIBYTE) }],
    );
  });

  it.each(names('amd/amd-smi', /metric/))('reads or refuses %s', (name) => {
    const text = capture('amd/amd-smi', name);
    const found = parseAmdMetric(treeOf(text));
    if (/^\s*GPU:/m.test(text)) expect(found?.size).toBeGreaterThan(0);
    else expect(found).toBeNull();
    for (const { sample } of found?.values() ?? [])
      for (const value of Object.values(sample)) expect(value).not.toBeNaN();
  });
});

describe('rocm-smi', () => {
  it('tells processes only where their GPU is certain', () => {
    const card = { 'GPU use (%)': '5' };
    const system = { PID77: 'a, b, 1, 4096, 0, 3' };
    expect(parseRocmSmi(JSON.stringify({ card0: card, system }), 'AMD')?.processes).toMatchObject([
      { pid: 77, gpuIndex: 0, gpuMemoryBytes: 4096 },
    ]);
    expect(parseRocmSmi(JSON.stringify({ card0: card, card1: card, system }), 'AMD')?.processes).toBeNull();
  });

  it('reads the fork of Hygon, which leaves out commas', () => {
    const card = (watts: number) =>
      `{"Card Series": "BW", "Average Graphics Package Power (W)": "${watts}.0""Average GFX Core Power (W)": "20.0""Average Memory Power (W)": "38.0", "HCU use (%)": "7.0", "": "", "": "", "vram Total Memory (MiB)": "65520", "vram Total Used Memory (MiB)": "64169"}`;
    const rows = parseRocmSmi(`{"card0": ${card(91)}, "card1": ${card(84)}}`, 'Hygon')?.rows;
    expect(rows).toMatchObject([
      {
        facts: { index: 0, name: 'BW', memoryTotalBytes: 65520 * MEBIBYTE },
        sample: { powerWatts: 91, utilizationPercent: 7, memoryUsedBytes: 64169 * MEBIBYTE },
      },
      { facts: { index: 1 }, sample: { powerWatts: 84 } },
    ]);
  });

  it('never throws on rubbish', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.string(), (card, system, text) => {
        parseRocmSmi(JSON.stringify({ card0: card, system }), 'AMD');
        parseRocmSmi(text, 'AMD');
        parseRocmSmi(`device,${text}\n${text}`, 'AMD');
      }),
    );
  });
});

describe.runIf(fixturesFolder)('real captures of rocm-smi', () => {
  const rowsOf = (...path: string[]) => parseRocmSmi(capture(...path), 'AMD')?.rows ?? [];

  it.each(names('amd/rocm-smi', /\.(json|csv)$/))('reads %s', (name) => {
    const rows = rowsOf('amd/rocm-smi', name);
    expect(rows.length).toBeGreaterThan(0);
    for (const { facts, sample } of rows) {
      expect(sample.utilizationPercent, name).not.toBeNull();
      expect(facts.name?.startsWith('0x') ?? false).toBe(false);
    }
  });

  it('reads an RX 6700 XT', () => {
    expect(rowsOf('amd/rocm-smi/telegraf-rx6700xt_rocm612.json')).toMatchObject([
      {
        facts: {
          name: 'Navi 22 [Radeon RX 6700/6700 XT / 6800M]',
          uuid: null,
          pciAddress: '00000000:07:00.0',
          memoryTotalBytes: 12868124672,
          powerLimitWatts: 211,
          driverVersion: '6.3.6',
          vbiosVersion: '113-67XA6SSB1-D01',
        },
        sample: {
          utilizationPercent: 0,
          memoryUtilizationPercent: 0,
          memoryUsedBytes: 1572745216,
          temperatureCelsius: 45,
          memoryTemperatureCelsius: 46,
          powerWatts: 6,
          memoryClockMHz: 96,
          pcieGeneration: 4,
          pcieWidth: 16,
        },
      },
    ]);
  });

  it('reads eight MI100, an APU, tables and a fork', () => {
    const eight = rowsOf('amd/rocm-smi/telegraf-mi100_rocm571.json');
    expect(eight.map(({ facts }) => facts.index)).toEqual(eight.map((_, place) => place));
    expect(eight[1]?.facts.pciAddress).toBe('00000000:22:00.0');
    expect(rowsOf('amd/rocm-smi/beszel-rembrandt-680m.json')[0]?.sample).toMatchObject({
      powerWatts: 28.159,
    });
    expect(rowsOf('amd/rocm-smi/slurm-monitor-mi210-v2-warning.csv')[1]).toMatchObject({
      facts: { name: 'Instinct MI210', uuid: '0x95a1ca7691e7c391', memoryTotalBytes: 68702699520 },
      sample: { powerWatts: 39, temperatureCelsius: 44, memoryTemperatureCelsius: 49 },
    });
    expect(rowsOf('amd/rocm-smi/llama-swap-rocm-smi-5.7.0-1.csv')[0]).toMatchObject({
      facts: { name: 'AMD GPU 0x7551' },
      sample: { utilizationPercent: 3, fanPercent: 20, memoryUsedBytes: 17179869184 },
    });
    expect(rowsOf('amd/rocm-smi/wandb-mi250-rocm5.json')[0]?.sample.memoryUtilizationPercent).toBe(20);
    const hygon = parseRocmSmi(capture('hygon/hy-smi/gpustack-hygon-gpu-24.04.3-rocm-smi.json'), 'Hygon');
    expect(hygon?.rows).toMatchObject([
      {
        facts: { vendor: 'Hygon', name: 'DCU xxxx', memoryTotalBytes: 65520 * MEBIBYTE },
        sample: {
          utilizationPercent: 0,
          powerWatts: 80,
          memoryTemperatureCelsius: 44,
          memoryUsedBytes: 2 * MEBIBYTE,
        },
      },
    ]);
  });

  it.each(['sonar-showpidgpus-none.txt', 'doc-rocm6.0.0-rocm-smi-version.txt'])('refuses %s', (name) => {
    expect(parseRocmSmi(capture('amd/rocm-smi', name), 'AMD')).toBeNull();
  });
});

describe('the kernel’s files', () => {
  it('reads clocks, error counts and places', () => {
    expect(parseClockLevels('0: 500Mhz\n1: 800Mhz *\n2: 1700Mhz\n')).toEqual({
      currentMHz: 800,
      maxMHz: 1700,
    });
    expect(parseClockLevels('S: 19Mhz *\n0: 500Mhz\n')).toEqual({ currentMHz: 19, maxMHz: 500 });
    expect(parseClockLevels('')).toEqual({ currentMHz: null, maxMHz: null });
    expect(parseErrorCount('ue: 1\nce: 12\n')).toEqual({ corrected: 12, uncorrected: 1 });
    expect(parseTopologyAddress('domain 0\nlocation_id 49920\n')).toBe('00000000:c3:00.0');
    expect(parseTopologyAddress('location_id 0\n')).toBeNull();
    // Partition 3, as later and as earlier drivers tell it.
    expect(parseTopologyAddress(`location_id ${3 * 2 ** 28 + 49920}\n`)).toBe('00000000:c3:00.3');
    expect(parseTopologyAddress(`location_id ${3 + 49920}\n`)).toBe('00000000:c3:00.3');
  });
});
