import { foldNames } from '../../lib/fold-names.ts';
import { DASH, formatAge } from '../../lib/format.ts';
import { visibleText } from '../../lib/visible-text.ts';
import { countGpus } from '../../report/gpu-use.ts';
import type { NodeReport, NodeState } from '../../report/node-report.ts';
import type { GpuView } from '../gpu-view.ts';
import { stateTones } from '../node-state.ts';
import { type NodeView, viewNode } from '../view.ts';
import { alignColumns, headings, type TextCell } from './align-columns.ts';
import { paint, plainStyle, type TextStyle } from './text-style.ts';
import { cutToWidth, widthOf } from './text-width.ts';
import { countText, gpuCountsText } from './totals-text.ts';

export type { NodeReport };

/** Plain text for terminals. What nodes say is made visible: a terminal escape is an attack. */

function failureOf({ cause, message }: NodeReport): string {
  return [cause === null ? '' : `${cause}:`, message ?? ''].filter((word) => word).join(' ');
}

function statusRow(node: NodeReport): TextCell[] {
  const { total, free } = countGpus(node);
  const percent = node.state === 'live' ? (node.sample?.cpu?.totalPercent ?? null) : null;
  const knowsGpus = node.state === 'live' && node.sample?.gpus;
  const gpusFree = total === 0 ? 'none' : `${free}/${total}`;
  return [
    node.name,
    { text: node.state, tone: stateTones[node.state] },
    node.transport ?? DASH,
    formatAge(node.sampleAgeMs),
    { text: knowsGpus ? gpusFree : DASH, tone: knowsGpus && free > 0 ? 'good' : null },
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

const toldStates: readonly NodeState[] = ['live', 'connecting', 'stale', 'unreachable', 'disabled'];

/** `12 nodes: 10 live, 2 unreachable · 60 GPUs: 14 free, …`. */
function statusTotals(nodes: readonly NodeReport[]): string {
  const states = toldStates
    .map((state) => ({ state, count: nodes.filter((node) => node.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${state}`);
  const gpus = { total: 0, free: 0, busy: 0, heldIdle: 0, out: 0 };
  for (const counts of nodes.map(countGpus))
    for (const key of ['total', 'free', 'busy', 'heldIdle', 'out'] as const) gpus[key] += counts[key];
  return `${countText(nodes.length, 'node')}: ${states.join(', ')} · ${gpuCountsText(gpus)}`;
}

const STATUS_HEADINGS = ['NODE', 'STATE', 'BY', 'AGE', 'GPUS FREE', 'CPU', 'PROBLEM'];

/** One line for each node, or for the first of them, under a line of headings, and one for all; ends with a newline. */
export function renderStatusText(
  nodes: readonly NodeReport[],
  style = plainStyle,
  mostRows = nodes.length,
): string {
  if (nodes.length === 0) return 'No nodes in the node list.\n';
  const shown = nodes.slice(0, mostRows).map(statusRow);
  const rows = alignColumns([headings(STATUS_HEADINGS), ...shown], '', style);
  return `${[...rows, statusTotals(nodes), ...reasonLines(nodes)].join('\n')}\n`;
}

function headLines(node: NodeReport, view: NodeView, style: TextStyle): string[] {
  const age = node.sampleAgeMs === null ? 'no figures yet' : `figures of ${formatAge(node.sampleAgeMs)}`;
  const reason = node.transportReason === null ? '' : ` (${node.transportReason})`;
  const name = paint(visibleText(node.name), 'strong', style);
  const state = paint(view.stateWord, stateTones[node.state], style);
  const lines: string[] = [];
  if (node.message) lines.push(`  ${failureOf(node)}`);
  if (node.hint) lines.push(`  ${node.hint}`);
  for (const line of node.lastLines) lines.push(`  | ${line}`);
  if (view.hardware.length > 0) lines.push(`  ${view.hardware.join(' · ')}`);
  for (const note of view.notes) lines.push(`  Note: ${note}`);
  for (const warning of view.warnings) lines.push(`  Warning: ${warning}`);
  for (const error of view.errors) lines.push(`  Error in ${error.line}`);
  for (const event of view.events) lines.push(`  ${event.line}`);
  if (node.logPath) lines.push(`  Log: ${node.logPath}`);
  const way = visibleText(`, by ${view.transport}${reason}, ${age}`);
  return [`${name}  ${state}${way}`, ...lines.map(visibleText)];
}

function section(title: string, rows: readonly (readonly TextCell[])[], style: TextStyle): string[] {
  return rows.length === 0 ? [] : ['', paint(title, 'strong', style), ...alignColumns(rows, '  ', style)];
}

function systemLines({ resources, filesystems, traffic }: NodeView, style: TextStyle): string[] {
  const rows = [
    ...resources.map((row) => [row.label, row.text, row.detail]),
    ...filesystems.map((row) => [row.label, row.text, row.use]),
    ...traffic.map((row) => [row.name, row.kind === 'disk' ? 'disk' : 'net', `in ${row.in}, out ${row.out}`]),
  ];
  return section('System', rows, style);
}

const SHORTEST_COMMAND = 10;

/** Of what is too long for a terminal the command line gives way, since the figures stand behind it. */
function jobLine(job: GpuView['jobs'][number], { width }: TextStyle): string {
  const gpu = job.gpuPercent === null ? '' : `, GPU ${job.gpuPercent}`;
  const owner = job.job === null ? '' : ` [${job.job}]`;
  const figures = `${job.memory}, ${job.time}, CPU of its tree ${job.cpu}, RAM of its tree ${job.ram}${gpu}`;
  const before = visibleText(`       ${job.who} · `);
  const after = visibleText(`${owner} · ${figures}`);
  const room = (width ?? Number.POSITIVE_INFINITY) - widthOf(before) - widthOf(after);
  return before + cutToWidth(visibleText(job.commandLine), Math.max(SHORTEST_COMMAND, room)) + after;
}

function gpuLines({ gpus, gpuNote }: NodeView, style: TextStyle): string[] {
  if (gpus.length === 0) return gpuNote ? ['', gpuNote] : [];
  const rows = gpus.map((gpu): TextCell[] => {
    const { utilization, memory, temperature, power } = gpu;
    if (gpu.fault)
      return [gpu.label, gpu.name, { text: gpu.lost ? 'LOST' : 'ERROR', tone: 'bad' }, gpu.fault];
    return [gpu.label, gpu.name, utilization.text, `${memory.use} used`, temperature, power];
  });
  const lines = alignColumns(rows, '  ', style);
  return [
    '',
    paint('GPUs', 'strong', style),
    ...gpus.flatMap((gpu, at) => [
      lines[at] ?? '',
      ...gpu.marks.map((mark) => `       ${paint(visibleText(`! ${mark}`), 'warning', style)}`),
      ...gpu.jobs.map((job) => jobLine(job, style)),
    ]),
  ];
}

function processLines({ processes }: NodeView, style: TextStyle): string[] {
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
    : section(
        'Processes, each by itself',
        [['PID', 'USER', 'CPU', 'RAM', 'TIME', 'COMMAND'], ...rows],
        style,
      );
}

/** All that one node says; ends with a newline. */
export function renderNodeText(node: NodeReport, style = plainStyle): string {
  const view = viewNode(node);
  const lines = [
    ...headLines(node, view, style),
    ...systemLines(view, style),
    ...gpuLines(view, style),
    ...processLines(view, style),
  ];
  return `${lines.join('\n')}\n`;
}
