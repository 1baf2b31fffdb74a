import type { Locator } from 'playwright-core';
import { parseMessage } from '../../../src/protocol/messages.ts';

/** What the tests of charts draw, and how they look at it. */

export const GIB = 1024 ** 3;
/** A page with charts and nothing else, in the themes of the system and an own one. */
export const CHARTS_PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>charts</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/static/style.css">
<script src="/static/theme.js"></script>
<style>:root.own { --chart-1: rgb(1, 2, 3) }</style>
<script src="/static/live.js" type="module"></script></head>
<body><main><h1>Nodes</h1><h2>gpu01</h2><div class="charts" data-charts="/api/v1/nodes/gpu01/recent"></div></main></body></html>`;

const ok = { ok: true, ms: 1 };
export const collectors = {
  cpu: ok,
  memory: ok,
  filesystems: ok,
  disks: ok,
  network: ok,
  gpus: ok,
  processes: ok,
};

/** A sample as a node says it. */
export function chartedSample(gpuCount: number, cpuPercent: number | null, fields: object = {}) {
  const index = Array.from({ length: gpuCount }, (_, at) => at);
  const parsed = parseMessage(
    JSON.stringify({
      type: 'sample',
      sequence: 1,
      takenAtMs: 1,
      intervalMs: 1000,
      collectors,
      cpu: { totalPercent: cpuPercent, corePercents: [], load1: null, load5: null, load15: null },
      memory: {
        totalBytes: 64 * GIB,
        availableBytes: 4 * GIB,
        usedBytes: 60 * GIB,
        swapTotalBytes: 0,
        swapUsedBytes: 0,
      },
      disks: [{ name: 'sda', readBytesPerSecond: 1024, writeBytesPerSecond: 2048, busyPercent: 3 }],
      network: [{ name: 'eth0', receiveBytesPerSecond: 5 * 1024, transmitBytesPerSecond: 7 * 1024 }],
      filesystems: null,
      gpus: {
        index,
        utilizationPercent: index.map((at) => (at * 7) % 100),
        memoryUsedBytes: index.map((at) => at * GIB),
        temperatureCelsius: index.map((at) => 30 + at),
      },
      gpuProcesses: null,
      processCount: 1,
      topProcesses: null,
      jobs: { key: ['slurm:7'], cpuPercent: [310], residentBytes: [GIB] },
      ...fields,
    }),
  );
  if (!parsed.ok || parsed.message.type !== 'sample') throw new Error('not a sample');
  return parsed.message;
}

/** Columns of a chart's canvas in which something of the colour of its first line is drawn, from 0 to 1. */
export const drawnColumns = (chart: Locator) =>
  chart.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
    const { width, height } = canvas;
    const data = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
    const swatch = canvas.closest('.chart')?.querySelector('.chart-legend line');
    const probe = document.createElement('i');
    probe.style.color = swatch?.getAttribute('stroke') ?? '';
    document.body.append(probe);
    const [red = 0, green = 0, blue = 0] = getComputedStyle(probe).color.match(/\d+/g)?.map(Number) ?? [];
    probe.remove();
    const columns: number[] = [];
    for (let x = 0; x < width; x++)
      for (let y = 0; y < height; y++) {
        const at = (y * width + x) * 4;
        const isNear =
          Math.abs((data[at] ?? 0) - red) +
            Math.abs((data[at + 1] ?? 0) - green) +
            Math.abs((data[at + 2] ?? 0) - blue) <
          40;
        if (isNear && (data[at + 3] ?? 0) > 200) {
          columns.push(x / width);
          break;
        }
      }
    return columns;
  });
