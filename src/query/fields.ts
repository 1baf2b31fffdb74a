import { jobKinds } from '../protocol/job-kinds.ts';
import { causes } from '../report/causes.ts';
import { nodeStates } from '../report/node-report.ts';
import type { ClusterJob, ClusterUser } from '../report/rows.ts';
import { type NumberKind, numberKinds } from './amounts.ts';
import {
  ageOf,
  availableBytes,
  commandLine,
  freeBytes,
  type GpuFact,
  jobKeyOf,
  jobOf,
  type Thing,
  userOf,
} from './facts.ts';
import { jobTexts, matchesJob } from './job-texts.ts';
import type { TextTest } from './query.ts';
import { countFree, gpuWords, isWords, type Scene, sceneWords } from './scene.ts';

/** The table of fields: parser, completion, help and documentation come from here. */

/** What a row says of a field; a list where it says several things. Null is absent and matches nothing. */
export type Reading = string | number | null | readonly (string | null)[];

export type GpuTest = (gpu: GpuFact) => boolean;

export interface Field {
  name: string;
  aliases: readonly string[];
  kind: 'text' | NumberKind;
  /** The words that it knows, where it knows no others. */
  choices?: readonly string[];
  /** Words that are good to offer besides those of the cluster. */
  offers?: readonly string[];
  help: string;
  example: string;
  /** How to read it: of a node, one of its GPUs, something that runs there, a job, a user. */
  ofScene?: (scene: Scene, isMeant: GpuTest) => Reading;
  ofGpu?: (gpu: GpuFact) => Reading;
  ofThing?: (thing: Thing) => Reading;
  ofJob?: (job: ClusterJob) => Reading;
  ofUser?: (user: ClusterUser) => Reading;
  /** Where a part of one of the texts is not what counts. */
  matches?: (texts: readonly (string | null)[], test: TextTest) => boolean;
}

/** Whether its values are compared as numbers (`>40G`), in the unit that is its kind. */
export function isNumberField(kind: Field['kind']): kind is NumberKind {
  return (numberKinds as readonly string[]).includes(kind);
}

export const fields: readonly Field[] = [
  {
    name: 'node',
    aliases: ['host'],
    kind: 'text',
    help: 'name of the node',
    example: 'node:gpu0',
    ofScene: ({ node }) => node.name,
  },
  {
    name: 'state',
    aliases: [],
    kind: 'text',
    choices: nodeStates,
    help: 'state of the node',
    example: 'state:live',
    ofScene: ({ node }) => node.state,
  },
  {
    name: 'cause',
    aliases: [],
    kind: 'text',
    offers: causes,
    help: 'why the node is not live',
    example: 'cause:host-key',
    ofScene: ({ node }) => node.cause,
  },
  {
    name: 'tag',
    aliases: [],
    kind: 'text',
    help: 'tag of the node in rollcall.toml',
    example: 'tag:lab',
    ofScene: ({ node }) => node.tags,
  },
  {
    name: 'partition',
    aliases: [],
    kind: 'text',
    help: 'partition of Slurm that the node belongs to',
    example: 'partition:gpu',
    ofScene: ({ node }) => node.scheduler?.partitions ?? null,
  },
  {
    name: 'user',
    aliases: [],
    kind: 'text',
    help: 'who runs it',
    example: 'user:=alice',
    ofThing: userOf,
    ofJob: ({ user }) => user,
    ofUser: ({ user }) => user,
  },
  {
    name: 'job',
    aliases: [],
    kind: 'text',
    help: 'id, name or key of the job; digits alone are the whole id, or that of the array',
    example: 'job:1234',
    ofThing: (thing) => {
      const job = jobOf(thing);
      return job && jobTexts(job, jobKeyOf(thing));
    },
    ofJob: (job) => jobTexts(job, job.key),
    matches: matchesJob,
  },
  {
    name: 'kind',
    aliases: [],
    kind: 'text',
    choices: jobKinds,
    help: 'what started the job',
    example: 'kind:slurm,docker',
    ofThing: (thing) => jobOf(thing)?.kind ?? null,
    ofJob: ({ kind }) => kind,
  },
  {
    name: 'command',
    aliases: ['cmd'],
    kind: 'text',
    help: 'program with its arguments',
    example: 'command:"train.py --bf16"',
    ofThing: commandLine,
  },
  {
    name: 'age',
    aliases: [],
    kind: 'duration',
    help: 'how long the process or job has run',
    example: 'age:>1d',
    ofThing: ageOf,
    ofJob: ({ ageMs }) => ageMs,
  },
  {
    name: 'gpu',
    aliases: ['model'],
    kind: 'text',
    help: 'model of the GPU',
    example: 'gpu:h100',
    ofGpu: ({ gpu }) => gpu.name,
  },
  {
    name: 'vendor',
    aliases: [],
    kind: 'text',
    help: 'vendor of the GPU',
    example: 'vendor:amd',
    ofGpu: ({ gpu }) => gpu.vendor || null,
  },
  {
    name: 'uuid',
    aliases: [],
    kind: 'text',
    help: 'UUID of the GPU',
    example: 'uuid:GPU-5f2c',
    ofGpu: ({ gpu }) => gpu.uuid,
  },
  {
    name: 'driver',
    aliases: [],
    kind: 'text',
    help: "version of the GPU's driver",
    example: 'driver:550',
    ofGpu: ({ gpu }) => gpu.driverVersion,
  },
  {
    name: 'is',
    aliases: [],
    kind: 'text',
    choices: isWords,
    help: 'a GPU that is free, busy, allocated (given to a job by Slurm), idle (held without work), sick, out or part of MIG; a node that is live, down or drained; whatever has a problem',
    example: 'is:free',
    ofGpu: (gpu) => gpuWords(gpu),
    ofScene: (scene) => sceneWords(scene),
  },
  {
    name: 'free',
    aliases: [],
    kind: 'count',
    help: 'how many GPUs of the node are free, of those that the other terms mean',
    example: 'free:>=2',
    ofScene: ({ facts }, isMeant) => countFree(facts, isMeant),
  },
  {
    name: 'gpus',
    aliases: [],
    kind: 'count',
    help: 'how many GPUs the node has, or the job or user holds',
    example: 'gpus:>=4',
    ofScene: ({ facts, node }) =>
      node.sample?.gpus || node.hello?.gpus
        ? facts.gpus().filter(({ gpu }) => gpu.parentIndex === null).length
        : null,
    ofJob: ({ gpus }) => gpus.length,
    ofUser: ({ gpuCount }) => gpuCount,
  },
  {
    name: 'mem',
    aliases: [],
    kind: 'bytes',
    help: 'GPU memory: free on the GPU, or held by the job or user',
    example: 'mem:>40G',
    ofGpu: freeBytes,
    ofJob: ({ gpuMemoryBytes }) => gpuMemoryBytes,
    ofUser: ({ gpuMemoryBytes }) => gpuMemoryBytes,
  },
  {
    name: 'vram',
    aliases: [],
    kind: 'bytes',
    help: 'GPU memory in all',
    example: 'vram:>=79G',
    ofGpu: ({ gpu }) => gpu.memoryTotalBytes,
  },
  {
    name: 'util',
    aliases: [],
    kind: 'percent',
    help: 'utilization of the GPU; of a job or user the mean over its GPUs',
    example: 'util:<20',
    ofGpu: ({ gpu }) => gpu.utilizationPercent,
    ofJob: ({ gpuUtilizationPercent }) => gpuUtilizationPercent,
    ofUser: ({ gpuUtilizationPercent }) => gpuUtilizationPercent,
  },
  {
    name: 'temp',
    aliases: [],
    kind: 'celsius',
    help: 'temperature of the GPU',
    example: 'temp:>80',
    ofGpu: ({ gpu }) => gpu.temperatureCelsius,
  },
  {
    name: 'power',
    aliases: [],
    kind: 'watts',
    help: 'what the GPU draws',
    example: 'power:>300W',
    ofGpu: ({ gpu }) => gpu.powerWatts,
  },
  {
    name: 'cpu',
    aliases: [],
    kind: 'percent',
    help: 'CPU: of the whole node; of a job or user in percent of one core',
    example: 'cpu:>90',
    ofScene: ({ node }) => node.sample?.cpu?.totalPercent ?? null,
    ofJob: ({ cpuPercent }) => cpuPercent,
    ofUser: ({ cpuPercent }) => cpuPercent,
  },
  {
    name: 'ram',
    aliases: [],
    kind: 'bytes',
    help: 'memory: available on the node, or held by the job or user',
    example: 'ram:>64G',
    ofScene: ({ node }) => availableBytes(node),
    ofJob: ({ residentBytes }) => residentBytes,
    ofUser: ({ residentBytes }) => residentBytes,
  },
  {
    name: 'load',
    aliases: [],
    kind: 'number',
    help: 'load average of the node over one minute',
    example: 'load:>32',
    ofScene: ({ node }) => node.sample?.cpu?.load1 ?? null,
  },
];

const byName = new Map(
  fields.flatMap((field) => [field.name, ...field.aliases].map((name) => [name, field] as const)),
);

/** By name or alias, in any case. */
export const findField = (name: string): Field | null => byName.get(name.toLowerCase()) ?? null;

/** The table as Markdown, a line for each field. */
export function describeFields(): string[] {
  return fields.map(({ name, aliases, help, choices, example }) => {
    const names = [name, ...aliases].map((each) => `\`${each}:\``).join(', ');
    const words = choices && choices !== jobKinds ? ` (${choices.join(', ')})` : '';
    return `| ${names} | ${help}${words} | \`${example}\` |`;
  });
}
