import type { DemoNode } from './hardware.ts';
import { type DemoJobName, nameJob } from './job-names.ts';

/** One job of the demo on one node. */
export interface DemoJob {
  pid: number;
  /** What it belongs to. */
  job: DemoJobName;
  user: string;
  command: string;
  arguments: string;
  gpus: number[];
  startedMs: number;
  endsMs: number;
  /** 0 for a job that holds its memory and does nothing. */
  utilizationPercent: number;
  memoryShare: number;
  cpuPercent: number;
  residentBytes: number;
}

const users = ['mkaur', 'tlindqvist', 'jpark', 'sokafor', 'dvega', 'hnakata', 'rbianchi'] as const;

const programs = [
  {
    command: 'python',
    arguments: 'train.py --config configs/llama_8b.yaml --bf16 --fsdp',
    utilization: 97,
    memory: 0.9,
    name: 'llama-8b',
  },
  {
    command: 'python3.11',
    arguments: '-m vllm.entrypoints.openai.api_server --model mistral-7b',
    utilization: 62,
    memory: 0.86,
    name: 'vllm',
  },
  {
    command: 'torchrun',
    arguments: '--nproc_per_node=4 pretrain.py --data /data/c4',
    utilization: 94,
    memory: 0.78,
    name: 'pretrain',
  },
  {
    command: 'python',
    arguments: 'finetune.py --lora-rank 64 --epochs 3',
    utilization: 83,
    memory: 0.55,
    name: 'lora',
  },
  {
    command: 'gmx_mpi',
    arguments: 'mdrun -deffnm md_0_1 -nb gpu',
    utilization: 71,
    memory: 0.12,
    name: 'md-run',
  },
  {
    command: 'python',
    arguments: 'sample_diffusion.py --steps 50 --batch 16',
    utilization: 88,
    memory: 0.41,
    name: 'diffusion',
  },
  {
    command: 'relion_refine',
    arguments: '--o Class3D/job021/run --gpu',
    utilization: 58,
    memory: 0.33,
    name: 'class3d',
  },
] as const;

const notebook = {
  command: 'python',
  arguments: '-m ipykernel_launcher -f kernel-notebook.json',
  memory: 0.36,
  name: 'notebook',
};

function pick<T>(list: readonly T[], random: () => number): T {
  const found = list[Math.floor(random() * list.length)];
  if (found === undefined) throw new Error('an empty list');
  return found;
}

const MINUTE_MS = 60_000;

/** A new job on the given GPUs. `alreadyRanMs` makes it look as if it had been there for long. */
export function createJob(
  node: DemoNode,
  gpus: number[],
  nowMs: number,
  alreadyRanMs: number,
  random: () => number,
  kind: 'work' | 'notebook',
): DemoJob {
  const program = kind === 'notebook' ? { ...notebook, utilization: 0 } : pick(programs, random);
  const pid = 2_000 + Math.floor(random() * 4_000_000);
  return {
    pid,
    job: nameJob(node, pid, program.name, random),
    user: pick(users, random),
    command: program.command,
    arguments: program.arguments,
    gpus,
    startedMs: nowMs - alreadyRanMs,
    endsMs: kind === 'notebook' ? Number.POSITIVE_INFINITY : nowMs + (0.5 + random() * 4) * MINUTE_MS,
    utilizationPercent: program.utilization,
    memoryShare: program.memory * (0.9 + random() * 0.1),
    cpuPercent: kind === 'notebook' ? 0.3 : gpus.length * (90 + random() * 500),
    residentBytes: (4 + random() * 40) * gpus.length * 1024 ** 3 * Math.min(1, node.memoryGiB / 512),
  };
}

/** Jobs that run on two nodes for as long as the demo does. */
const spanning = [
  {
    nodes: ['h100-01', 'h100-02'],
    gpus: [0, 1, 2, 3],
    id: '48120',
    name: 'llama-70b',
    user: 'mkaur',
    hours: 31,
  },
  {
    nodes: ['a100-01', 'a100-02'],
    gpus: [0, 1],
    id: '48157',
    name: 'weather-ens',
    user: 'sokafor',
    hours: 9.5,
  },
  {
    nodes: ['a100-01', 'a100-03'],
    gpus: [2, 3],
    id: '48203',
    name: 'protein-fold',
    user: 'jpark',
    hours: 2.2,
  },
] as const;

/** The part of those jobs that runs on one node. */
export function spanningJobs(node: DemoNode, nowMs: number, random: () => number): DemoJob[] {
  return spanning
    .filter(({ nodes }) => nodes.some((name) => name === node.name))
    .map(({ nodes, gpus, id, name, user, hours }) => ({
      ...createJob(node, [...gpus], nowMs, hours * 60 * MINUTE_MS, random, 'work'),
      job: { kind: 'slurm', id, name },
      user,
      command: 'torchrun',
      arguments: `--nnodes=${nodes.length} --rdzv-id=${id} train.py --config ${name}.yaml`,
      utilizationPercent: 95,
      memoryShare: 0.83,
      endsMs: Number.POSITIVE_INFINITY,
    }));
}
