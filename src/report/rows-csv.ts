import { type CsvCell, csvOf } from '../lib/csv.ts';
import { isoMoment } from '../lib/format.ts';
import { countGpus } from './gpu-use.ts';
import type { NodeReport } from './node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser } from './rows.ts';

/** The lists of the API as tables for spreadsheets. Several of one kind in a cell are separated by blanks. */

type Columns<Row> = Readonly<Record<string, (row: Row) => CsvCell>>;

const joined = (words: readonly string[]) => words.join(' ');
const places = (gpus: ClusterJob['gpus']) => joined(gpus.map(({ node, index }) => `${node}:${index}`));

const nodes: Columns<NodeReport> = {
  node: ({ name }) => name,
  state: ({ state }) => state,
  cause: ({ cause }) => cause,
  tags: ({ tags }) => joined(tags),
  cpuPercent: ({ sample }) => sample?.cpu?.totalPercent ?? null,
  memoryUsedBytes: ({ sample }) => sample?.memory?.usedBytes ?? null,
  memoryTotalBytes: ({ sample }) => sample?.memory?.totalBytes ?? null,
  gpus: (node) => countGpus(node).total,
  gpusFree: (node) => countGpus(node).free,
  gpusBusy: (node) => countGpus(node).busy,
  gpusHeldIdle: (node) => countGpus(node).heldIdle,
  gpusOut: (node) => countGpus(node).out,
};

const gpus: Columns<ClusterGpu> = {
  node: ({ node }) => node,
  index: ({ index }) => index,
  uuid: ({ uuid }) => uuid,
  model: ({ name }) => name,
  state: ({ state }) => state,
  health: ({ health }) => health,
  use: ({ use }) => use,
  utilizationPercent: ({ utilizationPercent }) => utilizationPercent,
  memoryUsedBytes: ({ memoryUsedBytes }) => memoryUsedBytes,
  memoryTotalBytes: ({ memoryTotalBytes }) => memoryTotalBytes,
  temperatureCelsius: ({ temperatureCelsius }) => temperatureCelsius,
  powerWatts: ({ powerWatts }) => powerWatts,
  users: ({ users }) => joined(users),
  jobs: (gpu) => joined(gpu.jobs),
};

const jobs: Columns<ClusterJob> = {
  key: ({ key }) => key,
  name: ({ name }) => name,
  user: ({ user }) => user,
  nodes: (job) => joined(job.nodes),
  gpus: (job) => places(job.gpus),
  gpuMemoryBytes: ({ gpuMemoryBytes }) => gpuMemoryBytes,
  gpuUtilizationPercent: ({ gpuUtilizationPercent }) => gpuUtilizationPercent,
  cpuPercent: ({ cpuPercent }) => cpuPercent,
  residentBytes: ({ residentBytes }) => residentBytes,
  processes: ({ processCount }) => processCount,
  command: ({ command }) => command,
  started: ({ startTimeMs }) => isoMoment(startTimeMs),
};

const users: Columns<ClusterUser> = {
  user: ({ user }) => user,
  gpus: ({ gpuCount }) => gpuCount,
  gpusHeldIdle: ({ heldIdleCount }) => heldIdleCount,
  gpuMemoryBytes: ({ gpuMemoryBytes }) => gpuMemoryBytes,
  gpuUtilizationPercent: ({ gpuUtilizationPercent }) => gpuUtilizationPercent,
  cpuPercent: ({ cpuPercent }) => cpuPercent,
  residentBytes: ({ residentBytes }) => residentBytes,
  nodes: (user) => joined(user.nodes),
  jobs: (user) => joined(user.jobs),
};

const columnsOf = { nodes, gpus, jobs, users };

/** Rows of that kind, below a line with the columns' names. */
export function rowsCsv(kind: keyof typeof columnsOf, rows: readonly object[]): string {
  const columns = columnsOf[kind] as Columns<object>;
  const names = Object.keys(columns);
  return csvOf([names, ...rows.map((row) => names.map((name) => columns[name]?.(row) ?? null))]);
}
