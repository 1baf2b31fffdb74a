import { MAX_MESSAGE_BYTES } from '../protocol/constants.ts';

/**
 * Messages as lines that the head takes. Users and hardware decide how much there is to tell, and one line that is too
 * long would cost the node its connection: facts are told in several messages, a sample goes without its longest tables.
 */

type Message = { type?: unknown } & Record<string, unknown>;

const MAX_BYTES = MAX_MESSAGE_BYTES - 1;
/** Of a sample, in the order in which they are given up. */
const TABLES = ['jobs', 'topProcesses', 'gpuProcesses', 'filesystems', 'disks', 'network', 'gpus'];

const lineOf = (message: object) => `${JSON.stringify(message)}\n`;
/** A character takes three bytes at most. */
const fits = (line: string) => line.length * 3 <= MAX_BYTES || Buffer.byteLength(line) <= MAX_BYTES;

/** The message as JSON lines, each with its line end and below the head's limit; none where it cannot be told. */
export function linesOfMessage(message: object): string[] {
  const line = lineOf(message);
  if (fits(line)) return [line];
  const { type, ...rest } = message as Message;
  if (type === 'facts') return Object.entries(rest).flatMap(([name, value]) => factsLines(name, value));
  return type === 'sample' ? [shortenedSample(rest)] : [];
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

function shortenedSample(sample: Record<string, unknown>): string {
  const shortened: Record<string, unknown> = { type: 'sample', ...sample };
  for (const name of TABLES) {
    const collector = name in (shortened.collectors as object) ? name : 'processes';
    const report = (shortened.collectors as Record<string, object>)[collector];
    const error = `${name}: more than fits into a message`;
    shortened[name] = null;
    shortened.collectors = {
      ...(shortened.collectors as object),
      [collector]: { ...report, ok: false, error },
    };
    const line = lineOf(shortened);
    if (fits(line)) return line;
  }
  return lineOf(shortened);
}
