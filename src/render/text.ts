import { foldNames } from '../lib/fold-names.ts';
import { DASH, formatAge } from '../lib/format.ts';
import { visibleText } from '../lib/visible-text.ts';
import type { NodeReport } from '../protocol/node.ts';
import { alignColumns } from './align-columns.ts';
import { countGpus } from '../protocol/gpu-use.ts';
import type { GpuView } from './gpu-view.ts';
import { type NodeView, viewNode } from './view.ts';

export type { NodeReport };

/** Plain text for terminals. What nodes say is made visible: a terminal escape is an attack. */

const visibleRows = (rows: readonly (readonly string[])[]) => rows.map((row) => row.map(visibleText));

function failureOf({ cause, message }: NodeReport): string {
  return [cause === null ? '' : `${cause}:`, message ?? ''].filter((word) => word).join(' ');
}

function statusRow(node: NodeReport): string[] {
  const { total, free } = countGpus(node);
  const percent = node.state === 'live' ? (node.sample?.cpu?.totalPercent ?? null) : null;
  const knowsGpus = node.state === 'live' && node.sample?.gpus;
  const gpusFree = total === 0 ? 'none' : `${free}/${total}`;
  return [
    node.name,
    node.state,
    node.transport ?? DASH,
    formatAge(node.sampleAgeMs),
    knowsGpus ? gpusFree : DASH,
    percent === null ? DASH : `${percent.toFixed(1)}%`,
    failureOf(node),
  ];
}

/** Nodes that are not reached the usual way, by reason. */
function reasonLines(nodes: readonly NodeReport[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { name, transport, transportReason } of nodes) {
    if (transport === null || transportReason === null) continue;
    const key = `by ${transport}, because ${transportReason}`;
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return Array.from(groups, ([reason, names]) => visibleText(`${foldNames(names)}: ${reason}`));
}

/** One line for each node under a line of headings; ends with a newline. */
export function renderStatusText(nodes: readonly NodeReport[]): string {
  if (nodes.length === 0) return 'No nodes in the node list.\n';
  const headings = ['NODE', 'STATE', 'BY', 'AGE', 'GPUS FREE', 'CPU', 'PROBLEM'];
  const rows = alignColumns([headings, ...visibleRows(nodes.map(statusRow))]);
  return `${[...rows, ...reasonLines(nodes)].join('\n')}\n`;
}

function headLines(node: NodeReport, view: NodeView): string[] {
  const age = node.sampleAgeMs === null ? 'no figures yet' : `figures of ${formatAge(node.sampleAgeMs)}`;
  const reason = node.transportReason === null ? '' : ` (${node.transportReason})`;
  const lines = [`${node.name}  ${view.stateWord}, by ${view.transport}${reason}, ${age}`];
  if (node.message) lines.push(`  ${failureOf(node)}`);
  if (node.hint) lines.push(`  ${node.hint}`);
  for (const line of node.lastLines) lines.push(`  | ${line}`);
  if (view.hardware.length > 0) lines.push(`  ${view.hardware.join(' · ')}`);
  for (const note of view.notes) lines.push(`  Note: ${note}`);
  for (const warning of view.warnings) lines.push(`  Warning: ${warning}`);
  for (const error of view.errors) lines.push(`  Error in ${error.line}`);
  for (const event of view.events) lines.push(`  ${event.line}`);
  if (node.logPath) lines.push(`  Log: ${node.logPath}`);
  return lines.map(visibleText);
}

function section(title: string, rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : ['', title, ...alignColumns(visibleRows(rows), '  ')];
}

function systemLines({ resources, filesystems, traffic }: NodeView): string[] {
  return section('System', [
    ...resources.map((row) => [row.label, row.text, row.detail]),
    ...filesystems.map((row) => [row.label, row.text, row.use]),
    ...traffic.map((row) => [row.name, row.kind === 'disk' ? 'disk' : 'net', `in ${row.in}, out ${row.out}`]),
  ]);
}

function jobLine(job: GpuView['jobs'][number]): string {
  const gpu = job.gpuPercent === null ? '' : `, GPU ${job.gpuPercent}`;
  const owner = job.job === null ? '' : ` [${job.job}]`;
  const figures = `${job.memory}, ${job.time}, CPU of its tree ${job.cpu}, RAM of its tree ${job.ram}${gpu}`;
  return visibleText(`       ${job.who} · ${job.commandLine}${owner} · ${figures}`);
}

function gpuLines({ gpus, gpuNote }: NodeView): string[] {
  if (gpus.length === 0) return gpuNote ? ['', gpuNote] : [];
  const rows = gpus.map((gpu) => {
    const { utilization, memory, temperature, power } = gpu;
    if (gpu.fault) return [gpu.label, gpu.name, gpu.lost ? 'LOST' : 'ERROR', gpu.fault];
    return [gpu.label, gpu.name, utilization.text, `${memory.use} used`, temperature, power];
  });
  const lines = alignColumns(visibleRows(rows), '  ');
  return [
    '',
    'GPUs',
    ...gpus.flatMap((gpu, at) => [
      lines[at] ?? '',
      ...gpu.marks.map((mark) => visibleText(`       ! ${mark}`)),
      ...gpu.jobs.map(jobLine),
    ]),
  ];
}

function processLines({ processes }: NodeView): string[] {
  const rows = processes.map(({ pid, user, cpu, memory, time, commandLine }) => [
    String(pid),
    user,
    cpu,
    memory,
    time,
    commandLine,
  ]);
  return rows.length === 0
    ? []
    : section('Processes, each by itself', [['PID', 'USER', 'CPU', 'RAM', 'TIME', 'COMMAND'], ...rows]);
}

/** All that one node says; ends with a newline. */
export function renderNodeText(node: NodeReport): string {
  const view = viewNode(node);
  const lines = [...headLines(node, view), ...systemLines(view), ...gpuLines(view), ...processLines(view)];
  return `${lines.join('\n')}\n`;
}
