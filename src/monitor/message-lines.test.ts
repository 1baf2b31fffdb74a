import { describe, expect, it } from 'vitest';
import { bareSample } from '../../test/support/bare-sample.ts';
import { BRIEF_END } from '../protocol/brief-line.ts';
import { MAX_MESSAGE_BYTES } from '../protocol/constants.ts';
import { parseMessage } from '../protocol/messages.ts';
import { briefDifference, parseBrief } from '../protocol/read-brief.ts';
import type { Sample } from '../protocol/sample.ts';
import { lineOfSample, linesOfMessage } from './message-lines.ts';

const numbers = (length: number) => Array.from({ length }, (_, at) => at);
/** Six bytes for each character in JSON. */
const worst = (length: number) => '\u0001'.repeat(length);

function messagesOf(message: object) {
  return linesOfMessage(message).map((line) => {
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
    const parsed = parseMessage(line);
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.message;
  });
}

describe('messages', () => {
  it('are one line each, as a rule', () => {
    expect(linesOfMessage({ type: 'bye', reason: 'x' })).toEqual(['{"type":"bye","reason":"x"}\n']);
  });

  it('are several where facts are too long for one, and none is lost', () => {
    const processes = numbers(700).map((pid) => ({
      pid,
      startTimeMs: 1,
      user: 'ann',
      command: 'x',
      arguments: worst(500),
    }));
    const jobs = numbers(10).map((at) => ({ key: `slurm:${at}`, kind: 'slurm', id: String(at) }));
    const found = messagesOf({ type: 'facts', processes, jobs });
    expect(found.length).toBeGreaterThan(2);
    const told = found.flatMap((message) => (message.type === 'facts' ? (message.processes ?? []) : []));
    expect(told.map(({ pid }) => pid)).toEqual(numbers(700));
    expect(found.some((message) => message.type === 'facts' && message.jobs?.length === 10)).toBe(true);
  });

  it('keep the figures of a sample whose tables are too long, and say what is missing', () => {
    const keys = numbers(1_000).map((at) => `${at}${worst(280)}`);
    const cpu = { totalPercent: 12, corePercents: [1], load1: 0, load5: 0, load15: 0 };
    const jobs = { key: keys, processCount: [], cpuPercent: [], residentBytes: [] };
    const sample = { ...bareSample, cpu, jobs, topProcesses: { pid: [7], state: [] } };
    const line = lineOfSample(sample as unknown as Sample, { processes: new Map() });
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
    const [brief = '', whole = ''] = line.trimEnd().split(BRIEF_END);
    const parsed = parseMessage(whole);
    if (!parsed.ok || parsed.message.type !== 'sample') throw new Error('not a sample');
    expect(parsed.message).toMatchObject({
      cpu: { totalPercent: 12 },
      topProcesses: { pid: [7] },
      jobs: null,
      collectors: {
        processes: { ok: false, error: 'jobs: more than fits into a message' },
        cpu: { ok: true },
      },
    });
    const parsedBrief = parseBrief(brief);
    if (!parsedBrief.ok) throw new Error(parsedBrief.reason);
    expect(briefDifference(parsedBrief.brief, parsed.message)).toBeNull();
  });

  it('are counted in bytes, not in characters', () => {
    const text = '€'.repeat(MAX_MESSAGE_BYTES / 3);
    expect(text.length).toBeLessThan(MAX_MESSAGE_BYTES / 2);
    expect(linesOfMessage({ type: 'facts', gone: [text] }).length).toBe(0);
    expect(linesOfMessage({ type: 'facts', gone: [text.slice(100)] }).length).toBe(1);
  });
});
