import { sampleLine } from '../protocol/brief-line.ts';
import { MAX_MESSAGE_BYTES } from '../protocol/constants.ts';
import type { KnownFacts } from '../protocol/known-facts.ts';
import type { Sample } from '../protocol/sample.ts';
import { briefSample } from '../protocol/sample-brief.ts';

/**
 * Messages as lines that the head takes. Users and hardware decide how much there is to tell, and one line that is too
 * long would cost the node its connection: facts are told in several messages, a sample goes without its longest tables.
 */

const MAX_BYTES = MAX_MESSAGE_BYTES - 1;
/** Of a sample, in the order in which they are given up. */
const TABLES = ['jobs', 'topProcesses', 'gpuProcesses', 'filesystems', 'disks', 'network', 'gpus'] as const;
const collectorOf = (table: (typeof TABLES)[number]) =>
  table === 'jobs' || table === 'topProcesses' || table === 'gpuProcesses' ? 'processes' : table;

const lineOf = (message: object) => `${JSON.stringify(message)}\n`;
/** A character takes three bytes at most. */
const fits = (line: string) => line.length * 3 <= MAX_BYTES || Buffer.byteLength(line) <= MAX_BYTES;

/** The message as JSON lines, each with its line end and below the head's limit; none where it cannot be told. */
export function linesOfMessage(message: object): string[] {
  const line = lineOf(message);
  if (fits(line)) return [line];
  const { type, ...rest } = message as { type?: unknown };
  return type === 'facts' ? Object.entries(rest).flatMap(([name, value]) => factsLines(name, value)) : [];
}

/** A sample with its brief as one such line. `facts`: what was told by now. */
export function lineOfSample(sample: Sample, facts: Pick<KnownFacts, 'processes'>): string {
  const lineWithBrief = (told: Sample) => `${sampleLine(briefSample(told, facts), JSON.stringify(told))}\n`;
  let told = sample;
  let line = lineWithBrief(told);
  for (const table of TABLES) {
    if (fits(line)) break;
    told = withoutTable(told, table);
    line = lineWithBrief(told);
  }
  return line;
}

function withoutTable(sample: Sample, table: (typeof TABLES)[number]): Sample {
  const collector = collectorOf(table);
  const error = `${table}: more than fits into a message`;
  const report = { ...sample.collectors[collector], ok: false, error };
  return { ...sample, [table]: null, collectors: { ...sample.collectors, [collector]: report } };
}

/** A row that fits into no message is not told. */
function factsLines(name: string, value: unknown): string[] {
  const line = lineOf({ type: 'facts', [name]: value });
  if (fits(line)) return [line];
  if (!Array.isArray(value) || value.length < 2 || isReplacing(name)) return [];
  const half = Math.ceil(value.length / 2);
  return [...factsLines(name, value.slice(0, half)), ...factsLines(name, value.slice(half))];
}

/** Lists that each message replaces cannot be told in parts. */
const isReplacing = (name: string) => ['gpus', 'warnings', 'gpuHolders'].includes(name);
