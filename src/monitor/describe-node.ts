import { hostname } from 'node:os';
import { PROTOCOL_VERSION } from '../protocol/constants.ts';
import type { Hello } from '../protocol/hello.ts';
import type { NvmlArchitecture } from '../protocol/nvml.ts';
import { parseMemory } from './collectors/memory.ts';
import { readBootTimeMs } from './collectors/processes.ts';
import type { System } from './system.ts';

export interface CpuModel {
  cpuModel: string | null;
  sockets: number | null;
  cores: number | null;
  threads: number | null;
}

/** Parses `/proc/cpuinfo`. ARM kernels name no model and no sockets there: null, never a guess. */
export function parseCpuInfo(text: string): CpuModel {
  const sockets = new Set<string>();
  const cores = new Set<string>();
  let threads = 0;
  for (const block of text.split(/\n\s*\n/)) {
    if (!/^processor\s*:\s*\d+/m.test(block)) continue;
    threads++;
    const socket = fieldOf(block, 'physical id');
    const core = fieldOf(block, 'core id');
    if (socket === null) continue;
    sockets.add(socket);
    if (core !== null) cores.add(`${socket} ${core}`);
  }
  return {
    cpuModel: fieldOf(text, 'model name') ?? fieldOf(text, 'cpu') ?? fieldOf(text, 'Model'),
    sockets: sockets.size || null,
    cores: cores.size || null,
    threads: threads || null,
  };
}

function fieldOf(text: string, name: string): string | null {
  return new RegExp(`^${name}\\s*:\\s*(.+?)\\s*$`, 'm').exec(text)?.[1] ?? null;
}

/** Parses `/etc/os-release` into the distribution's own name. */
export function parseOsName(text: string): string | null {
  return /^PRETTY_NAME=(["']?)(.*)\1$/m.exec(text)?.[2] ?? null;
}

export interface HelloOwn {
  build: string;
  nonce: string;
  logPath: string | null;
  statusPath: string | null;
  notes: string[];
  nvmlFor: NvmlArchitecture | null;
}

/** What stays the same about the node, read from /proc and /etc. */
export function describeNode(system: System, own: HelloOwn): Hello {
  const memory = parseMemory(system.tryReadText('/proc/meminfo') ?? '');
  const cpu = parseCpuInfo(system.tryReadText('/proc/cpuinfo') ?? '');
  return {
    type: 'hello',
    protocol: PROTOCOL_VERSION,
    pid: process.pid,
    hostname: hostname(),
    os: parseOsName(system.tryReadText('/etc/os-release') ?? '') ?? process.platform,
    kernel: (system.tryReadText('/proc/sys/kernel/osrelease') ?? '').trim(),
    runtime: process.version,
    ...cpu,
    memoryTotalBytes: memory.totalBytes,
    swapTotalBytes: memory.swapTotalBytes,
    clockMs: system.now(),
    bootTimeMs: readBootTimeMs(system),
    gpus: null,
    ...own,
  };
}
