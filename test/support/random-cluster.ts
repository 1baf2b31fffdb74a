import { createRandom } from '../../src/lib/random.ts';
import { jobKinds } from '../../src/protocol/job-kinds.ts';
import type { ReportedGpu, ReportedGpuProcess, ReportedJob } from '../../src/protocol/reported-sample.ts';
import type { NodeReport } from '../../src/report/node-report.ts';
import { fakeGpu, fakeJob, fakeNode, TAKEN_AT_MS, unreachable } from './fake-cluster.ts';

/** A cluster of any size that is the same for the same seed: several models, users, jobs, faults, absent figures. */

const GIB = 1024 ** 3;
const models = ['NVIDIA H100 80GB HBM3', 'NVIDIA A100-SXM4-80GB', 'NVIDIA L40S', null] as const;
const userNames = ['alice', 'bob', 'carol', 'dave', 'root'] as const;
const programs = ['python', 'jupyter', 'torchrun', 'gmx_mpi'] as const;

export interface ClusterSize {
  seed: number;
  nodes: number;
  gpusPerNode: number;
  processesPerNode: number;
}

export function randomCluster({ seed, nodes, gpusPerNode, processesPerNode }: ClusterSize): NodeReport[] {
  const random = createRandom(seed);
  const below = (end: number) => Math.floor(random() * end);
  const pick = <Value>(values: readonly Value[]): Value | null => values[below(values.length)] ?? null;
  const perhaps = (value: number, share = 0.9) => (random() < share ? value : null);

  function gpu(index: number, model: string | null): ReportedGpu {
    const isLost = random() < 0.05;
    const used = below(80) * GIB;
    const isIdle = random() < 0.4;
    return fakeGpu(index, {
      name: model,
      uuid: `GPU-${seed}-${below(1e9)}`,
      health: isLost ? 'lost' : 'ok',
      memoryTotalBytes: 80 * GIB,
      utilizationPercent: isLost ? null : perhaps(isIdle ? 0 : below(101)),
      memoryUsedBytes: isLost ? null : perhaps(isIdle ? 0 : used),
      memoryFreeBytes: isLost ? null : perhaps(isIdle ? 80 * GIB : 80 * GIB - used),
      temperatureCelsius: isLost ? null : perhaps(20 + below(75)),
      powerWatts: perhaps(below(700)),
    });
  }

  function job(at: number): ReportedJob {
    const kind = pick(jobKinds) ?? 'session';
    const id = String(4_700 + at);
    return {
      key: `${kind}:${id}`,
      kind,
      id,
      name: random() < 0.5 ? `train-${below(9)}` : null,
      user: pick(userNames),
      startTimeMs: perhaps(TAKEN_AT_MS - below(200) * 3_600_000),
      processCount: perhaps(below(20)),
      cpuPercent: perhaps(below(800)),
      residentBytes: perhaps(below(64) * GIB),
    };
  }

  function process(at: number, jobs: readonly ReportedJob[], gpuCount: number): ReportedGpuProcess {
    return fakeJob(1_000 + at, below(Math.max(1, gpuCount)), {
      user: random() < 0.9 ? pick(userNames) : null,
      command: pick(programs),
      arguments: `run-${below(20)}.py --config configs/model_${below(50)}.yaml --bf16 --data /data/set`,
      job: random() < 0.8 ? (pick(jobs)?.key ?? null) : null,
      type: random() < 0.1 ? 'G' : 'C',
      gpuMemoryBytes: perhaps(below(40) * GIB),
    });
  }

  return Array.from({ length: nodes }, (_, at) => {
    const model = pick(models);
    const jobs = Array.from({ length: Math.ceil(processesPerNode / 3) }, (__, index) => job(at + index));
    const gpus = Array.from({ length: gpusPerNode }, (__, index) =>
      gpu(index, random() < 0.9 ? model : pick(models)),
    );
    const node = fakeNode(
      `gpu${at + 1}`,
      {
        tags: random() < 0.3 ? ['lab', `rack${below(4)}`] : [],
        marks: random() < 0.2 ? [{ gpuIndex: below(gpusPerNode), code: 'held-idle', text: 'held' }] : [],
      },
      {
        gpus: random() < 0.95 ? gpus : null,
        jobs,
        gpuProcesses: Array.from({ length: processesPerNode }, (__, index) =>
          process(index, jobs, gpusPerNode),
        ),
      },
    );
    return random() < 0.15 ? unreachable(node) : node;
  });
}
