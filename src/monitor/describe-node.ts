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

/** What is seen of one package. */
interface Package {
  threads: number;
  coreIds: Set<string>;
  /** Cores per thread, as the kernel counts them for the whole package. */
  coresPerThread: number;
}

/**
 * Parses `/proc/cpuinfo`. ARM kernels name no model and no sockets there: null, never a guess. Numbers of cores may be
 * those within a die and repeat within a package, so the kernel's own count of a package goes before them; of a package
 * that is seen in part, as in a container, its part counts.
 */
export function parseCpuInfo(text: string): CpuModel {
  const packages = new Map<string, Package>();
  let threads = 0;
  for (const block of text.split(/\n\s*\n/)) {
    if (!/^processor\s*:\s*\d+/m.test(block)) continue;
    threads++;
    const socket = fieldOf(block, 'physical id');
    if (socket === null) continue;
    const share = Number(fieldOf(block, 'cpu cores') ?? 0) / Number(fieldOf(block, 'siblings') ?? Number.NaN);
    const own = packages.get(socket) ?? { threads: 0, coreIds: new Set(), coresPerThread: 0 };
    own.threads++;
    own.coresPerThread = share > 0 && share <= 1 ? share : own.coresPerThread;
    const core = fieldOf(block, 'core id');
    if (core !== null) own.coreIds.add(core);
    packages.set(socket, own);
  }
  let cores = 0;
  for (const own of packages.values())
    cores += Math.max(own.coreIds.size, Math.round(own.threads * own.coresPerThread));
  return {
    cpuModel: fieldOf(text, 'model name') ?? fieldOf(text, 'cpu') ?? fieldOf(text, 'Model'),
    sockets: packages.size || null,
    cores: cores || null,
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
