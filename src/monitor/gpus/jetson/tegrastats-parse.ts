import { noGpuFigures } from '../../../protocol/absent.ts';
import type { GpuSample } from '../../../protocol/sample.ts';

/** What one line of `tegrastats` tells of the GPU, and of the memory that it shares with the CPU. */
export interface TegraReading {
  sample: GpuSample;
  memoryUsedBytes: number | null;
  memoryTotalBytes: number | null;
}

const MEBIBYTE = 1024 * 1024;

/** Parses a line of `tegrastats`, whose parts come and go with board and release; null where it is none. */
export function parseTegrastats(line: string): TegraReading | null {
  const memory = /\bRAM (\d+)\/(\d+)MB\b/.exec(line);
  // "GR3D_FREQ 63%@[621]", "GR3D_FREQ 0%@[1007,1007]" where there are two clusters, "GR3D 12%@76", "GR3D_FREQ 45%".
  const graphics = loadAndClock(line, 'GR3D');
  if (memory === null && graphics.percent === null) return null;
  const used = memory ? Number(memory[1]) * MEBIBYTE : null;
  const total = memory ? Number(memory[2]) * MEBIBYTE : null;
  return {
    memoryUsedBytes: used,
    memoryTotalBytes: total,
    sample: {
      ...noGpuFigures,
      index: 0,
      health: 'ok',
      error: null,
      utilizationPercent: graphics.percent,
      ...memoryController(line),
      ...videoEngines(line),
      temperatureCelsius: temperatureOf(line),
      powerWatts: powerOf(line),
      smClockMHz: graphics.megahertz,
    },
  };
}

/** An engine's "63%@[621]"; either half may be missing: Thor tells clocks alone, "@[1574,1574,1574]". */
function loadAndClock(line: string, engine: string): { percent: number | null; megahertz: number | null } {
  const found = new RegExp(`\\b${engine}(?:_FREQ)? (?:(\\d+)%)?(?:@\\[?(\\d+))?`).exec(line);
  const figure = (printed: string | undefined) => (printed === undefined ? null : Number(printed));
  return { percent: figure(found?.[1]), megahertz: figure(found?.[2]) };
}

/** "EMC_FREQ 43%@2133": how much of the memory's bandwidth is in use, by CPU and GPU together. */
function memoryController(line: string): Pick<GpuSample, 'memoryUtilizationPercent' | 'memoryClockMHz'> {
  const { percent, megahertz } = loadAndClock(line, 'EMC');
  return { memoryUtilizationPercent: percent, memoryClockMHz: megahertz };
}

/** "NVENC 12%@1164", "NVDEC off", or only a clock ("NVDEC 716"), which says nothing of the load. */
function videoEngines(line: string): Pick<GpuSample, 'encoderPercent' | 'decoderPercent'> {
  const load = (name: string) => {
    const found = new RegExp(`\\b${name}\\d? (?:(\\d+)%|(off))`).exec(line);
    if (found === null) return null;
    return found[2] === 'off' ? 0 : Number(found[1]);
  };
  return { encoderPercent: load('NVENC'), decoderPercent: load('NVDEC') };
}

/** "gpu@53.343C" or "GPU@39.5C"; a sensor that is switched off gives -256. */
function temperatureOf(line: string): number | null {
  const found = /\bgpu@(-?\d+(?:\.\d+)?)C/i.exec(line)?.[1];
  return found === undefined || Number(found) < -60 ? null : Number(found);
}

/**
 * The rail that feeds the GPU: alone, with the SoC, or with the CPU and the accelerators, by board. "mW" is
 * printed by newer releases; the first figure is now, then come the average and, from R39 on, the peak. The whole
 * board's rail is left out.
 */
function powerOf(line: string): number | null {
  const rails = ['VDD_GPU', 'VDD_SYS_GPU', 'POM_5V_GPU', 'GPU', 'VDD_GPU_SOC', 'VDD_CPU_GPU_CV'];
  for (const rail of rails) {
    const found = new RegExp(`\\b${rail} (\\d+)(?:mW)?(?:/\\d+(?:mW)?){0,2}(?=\\s|$)`).exec(line)?.[1];
    if (found !== undefined) return Number(found) / 1000;
  }
  return null;
}
