import type { GpuFacts } from '../../protocol/gpu-facts.ts';
import type { SlurmPlace } from '../../protocol/scheduler.ts';
import { listNvidiaGpus } from '../gpus/nvidia/nvidia-proc.ts';
import type { Leash } from '../leash.ts';
import type { System } from '../system.ts';
import { runOnLeash } from './run-tool.ts';

/** Which cluster of Slurm the node belongs to, without asking where a file tells it. */
export interface SlurmPlaceFinder {
  /** Null where there is no Slurm, or not known yet. The same object while nothing changed. */
  find(gpus: readonly GpuFacts[]): SlurmPlace | null;
}

/** Debian's, SchedMD's, what slurmd keeps where the controller hands the settings out, and usual prefixes. */
const CONFIG_FILES = [
  '/etc/slurm/slurm.conf',
  '/run/slurm/conf/slurm.conf',
  '/var/spool/slurmd/conf-cache/slurm.conf',
  '/etc/slurm-llnl/slurm.conf',
  '/usr/local/etc/slurm.conf',
  '/opt/slurm/etc/slurm.conf',
  '/usr/local/slurm/etc/slurm.conf',
];
const LOOK_EVERY_MS = 60_000;
const ASK_LIMIT_MS = 10_000;
const LONGEST_PAUSE_MS = 30 * 60_000;
const LARGEST_MINOR = 4095;

/** `ClusterName=…` of slurm.conf, and of `scontrol show config`, which puts spaces around the sign. */
export function parseClusterName(text: string): string | null {
  return /^[ \t]*ClusterName[ \t]*=[ \t]*([\w.-]{1,100})[ \t]*(?:#.*)?$/im.exec(text)?.[1] ?? null;
}

/** Looks into slurm.conf once a minute, and asks `scontrol` where no file has the cluster's name. */
export function createSlurmPlaceFinder(system: System, leash: Leash): SlurmPlaceFinder {
  let dueMs = Number.NEGATIVE_INFINITY;
  let asked: { cluster: string | null; dueMs: number; pauseMs: number; isBusy: boolean } = {
    cluster: null,
    dueMs: Number.NEGATIVE_INFINITY,
    pauseMs: LOOK_EVERY_MS,
    isBusy: false,
  };
  let cluster: string | null = null;
  let place: SlurmPlace | null = null;
  let knownGpus: readonly GpuFacts[] = [];

  function clusterInFiles(): string | null {
    const named = system.environment.SLURM_CONF;
    for (const file of named ? [named, ...CONFIG_FILES] : CONFIG_FILES) {
      const found = parseClusterName(system.tryReadText(file) ?? '');
      if (found !== null) return found;
    }
    return null;
  }

  /** Once, and ever more seldom while it does not answer: each question is a connection to the controller. */
  function ask(program: string, nowMs: number): void {
    if (asked.isBusy || asked.cluster !== null || nowMs < asked.dueMs) return;
    asked.isBusy = true;
    runOnLeash(system, leash, program, ['show', 'config'], ASK_LIMIT_MS)
      .then(({ text }) => {
        asked.cluster = parseClusterName(text);
      })
      .catch(() => undefined)
      .finally(() => {
        asked = {
          ...asked,
          isBusy: false,
          dueMs: system.monotonicMs() + asked.pauseMs,
          pauseMs: Math.min(2 * asked.pauseMs, LONGEST_PAUSE_MS),
        };
        if (asked.cluster !== null) dueMs = Number.NEGATIVE_INFINITY;
      });
  }

  /** Slurm counts GPUs by their device files; the driver's tools by their place on the bus. */
  function minorsOf(gpus: readonly GpuFacts[]): SlurmPlace['gpuMinors'] {
    if (gpus.length === 0) return [];
    const minors = new Map(listNvidiaGpus(system).map((gpu) => [gpu.pciAddress, gpu.deviceMinor]));
    return gpus.flatMap(({ index, pciAddress, parentIndex }) => {
      const minor = pciAddress === null || parentIndex !== null ? null : (minors.get(pciAddress) ?? null);
      return minor === null || minor > LARGEST_MINOR ? [] : [{ index, minor }];
    });
  }

  function look(gpus: readonly GpuFacts[], nowMs: number): SlurmPlace | null {
    const program = system.findProgram('scontrol');
    cluster = clusterInFiles() ?? asked.cluster ?? cluster;
    if (cluster === null) {
      if (program !== null) ask(program, nowMs);
      return null;
    }
    const nodeName = (system.tryReadText('/proc/sys/kernel/hostname') ?? '').trim();
    const found = { cluster, nodeName, canAsk: program !== null, gpuMinors: minorsOf(gpus) };
    return JSON.stringify(found) === JSON.stringify(place) ? place : found;
  }

  return {
    find(gpus) {
      const nowMs = system.monotonicMs();
      if (nowMs < dueMs && gpus === knownGpus) return place;
      dueMs = nowMs + LOOK_EVERY_MS;
      knownGpus = gpus;
      place = look(gpus, nowMs);
      return place;
    },
  };
}
