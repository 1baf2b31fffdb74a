import { createLineSplitter } from '../../lib/line-splitter.ts';
import { MAX_EVENTS } from '../../protocol/constants.ts';
import type { NodeEvent } from '../../protocol/events.ts';
import type { Leash } from '../leash.ts';
import type { RunningProgram, System } from '../system.ts';
import { namesGpuDriver, parseGpuMessage } from './gpu-messages.ts';
import { type KernelRecord, parseJournalLine, parseKmsg } from './kernel-records.ts';

/** Messages about GPUs, from where this user may read them; elsewhere there are none. */
export interface KernelLog {
  /** What is new since the last call, oldest first, without jobs. */
  drain(): Omit<NodeEvent, 'jobs'>[];
  stop(): void;
}

const KMSG = '/dev/kmsg';
/** The kernel keeps some thousand messages; they are read over several samples. */
const READS_PER_DRAIN = 1_000;
const MAX_LINE_BYTES = 16 * 1024;
const JOURNAL_ARGS = ['--dmesg', '--follow', '--lines=2000', '--output=short-unix', '--no-pager', '--quiet'];

/** Opens /dev/kmsg, else follows the journal, which members of `adm` or `systemd-journal` may read. */
export function openKernelLog(system: System, leash: Leash): KernelLog {
  let found: Omit<NodeEvent, 'jobs'>[] = [];
  let journal: RunningProgram | null = null;
  /** Of the journal, whose message may go on in the next line. */
  let last: KernelRecord | null = null;

  function keep({ sinceBootUs, atMs, text }: KernelRecord): void {
    const message = parseGpuMessage(text);
    if (message === null) return;
    const time = atMs ?? (sinceBootUs === null ? null : sinceBoot(sinceBootUs));
    found = [...found, { ...message, atMs: time }].slice(-MAX_EVENTS);
  }

  /** The kernel stamps by a clock that stands still in sleep, as /proc/uptime's does not; servers do not sleep. */
  function sinceBoot(us: number): number | null {
    const uptime = Number.parseFloat(system.tryReadText('/proc/uptime') ?? '');
    return Number.isFinite(uptime) ? Math.round(system.now() - uptime * 1000 + us / 1000) : null;
  }

  function readKmsg(descriptor: number): void {
    for (let reads = 0; reads < READS_PER_DRAIN; reads++) {
      const text = system.readNext(descriptor);
      if (text === null) return;
      if (namesGpuDriver(text)) for (const record of parseKmsg(text)) keep(record);
    }
  }

  function keepLast(): void {
    if (last !== null) keep(last);
    last = null;
  }

  /** Further lines of a message are indented. */
  function takeJournalLine(line: string): void {
    const record = parseJournalLine(line);
    if (record !== null) {
      keepLast();
      last = record;
    } else if (last !== null && line.startsWith(' ')) last.text += ` ${line.trim()}`;
  }

  function followJournal(): void {
    const program = system.findProgram('journalctl');
    if (program === null) return;
    journal = system.start(program, JOURNAL_ARGS);
    leash.add(journal);
    journal.on('error', () => undefined);
    journal.stderr?.resume();
    const lines = createLineSplitter(MAX_LINE_BYTES, takeJournalLine, () => undefined);
    journal.stdout?.on('data', (chunk: Buffer) => lines.push(chunk));
  }

  const descriptor = system.openStream(KMSG);
  if (descriptor === null) followJournal();

  return {
    drain() {
      if (descriptor !== null) readKmsg(descriptor);
      keepLast();
      const events = found;
      found = [];
      return events;
    },
    stop() {
      if (descriptor !== null) system.close(descriptor);
      journal?.kill('SIGKILL');
    },
  };
}
