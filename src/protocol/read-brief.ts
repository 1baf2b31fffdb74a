import { z } from 'zod';
import { ABSENT, shiftOf, toShortFloat } from '../lib/short-floats.ts';
import { type GpuBrief, gpuBriefColumns } from './brief-gpus.ts';
import { JOB_BRIEF_WIDTH, type JobBrief, MAX_BRIEF_JOBS } from './brief-jobs.ts';
import { collectorNames } from './collector-names.ts';
import { MAX_GPUS, MAX_INTERVAL_MS, MIN_INTERVAL_MS } from './constants.ts';
import { figure } from './figures.ts';
import { gpuColumns } from './gpu-columns.ts';
import { jobKeySchema } from './jobs.ts';
import { parseJson } from './parse-json.ts';
import type { Sample } from './sample.ts';
import { briefSample, machineBriefFigures, type SampleBrief } from './sample-brief.ts';

/** The head's side of a sample's brief. What a node may send is bounded as in the whole sample. */

const GPU_WIDTH = 1 + gpuBriefColumns.length;
/** Base64 of as many numbers of 16 bits. */
const codesOf = (most: number) => z.string().max(4 * Math.ceil((2 * most) / 3));

const briefSchema = z.tuple([
  z.number().int().min(1),
  figure('clock', 'intervalMs', MIN_INTERVAL_MS, MAX_INTERVAL_MS),
  z
    .number()
    .int()
    .min(0)
    .max(2 ** collectorNames.length - 1),
  codesOf(machineBriefFigures.length),
  codesOf(MAX_GPUS * GPU_WIDTH).nullable(),
  z.array(jobKeySchema).max(MAX_BRIEF_JOBS).nullable(),
  codesOf(MAX_BRIEF_JOBS * JOB_BRIEF_WIDTH).nullable(),
]);
const names = ['sequence', 'interval', 'collectors', 'machine', 'GPUs', 'job keys', 'jobs'];

/** What is no base64 is left out, as Node.js does; lengths are checked by who knows them. */
function decode(text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  const codes: number[] = [];
  for (let at = 0; at + 1 < bytes.length; at += 2) codes.push((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
  return codes;
}

const machineLimits = machineBriefFigures.map(({ max }) => toShortFloat(max));
const gpuLimits = gpuBriefColumns.map((name) => {
  const { max, unit } = gpuColumns[name];
  return toShortFloat(max + shiftOf(unit));
});

/** A figure out of its range is not known, as in the whole sample, which says so. */
function withinLimits(codes: number[], limits: readonly number[]): number[] {
  for (let at = 0; at < codes.length; at++)
    if ((codes[at] ?? 0) > (limits[at % limits.length] ?? 0)) codes[at] = ABSENT;
  return codes;
}

/** Null where they are no rows of GPUs. */
function readGpus(codes: readonly number[]): GpuBrief | null {
  const count = codes.length / GPU_WIDTH;
  if (!Number.isInteger(count) || count === 0) return null;
  const index: number[] = [];
  const isHeld: boolean[] = [];
  const cells: number[] = [];
  for (let row = 0; row < count; row++) {
    const first = row * GPU_WIDTH;
    const code = codes[first] ?? 0;
    if (code >> 1 > gpuColumns.index.max) return null;
    index.push(code >> 1);
    isHeld.push((code & 1) === 1);
    for (let at = first + 1; at < first + GPU_WIDTH; at++) cells.push(codes[at] ?? ABSENT);
  }
  return { index, isHeld, cells: withinLimits(cells, gpuLimits) };
}

export type ParsedBrief = { ok: true; brief: SampleBrief } | { ok: false; reason: string };

const refused = (what: string): ParsedBrief => ({ ok: false, reason: `a sample's brief: ${what}` });

/** Never throws: rubbish gives a reason. */
export function parseBrief(text: string): ParsedBrief {
  const json = parseJson(text);
  if (!json.ok) return refused('not JSON');
  const parsed = briefSchema.safeParse(json.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refused(`${names[Number(issue?.path[0])] ?? 'the whole'}: ${issue?.message ?? 'not one'}`);
  }
  const [sequence, intervalMs, failedCollectors, machineText, gpuText, jobKeys, jobText] = parsed.data;
  const machine = decode(machineText);
  if (machine.length !== machineBriefFigures.length) return refused('machine: not so many figures');
  const gpus = gpuText === null ? null : readGpus(decode(gpuText));
  if (gpus === null && gpuText !== null) return refused('GPUs: no rows of figures');
  const jobs: JobBrief | null = jobKeys && { key: jobKeys, cells: decode(jobText ?? '') };
  if (jobs !== null && jobs.cells.length !== jobs.key.length * JOB_BRIEF_WIDTH)
    return refused('jobs: not so many figures');
  const brief = {
    sequence,
    intervalMs,
    failedCollectors,
    machine: withinLimits(machine, machineLimits),
    gpus,
    jobs,
  };
  return { ok: true, brief };
}

const areEqual = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((code, at) => code === b[at]);

/**
 * What a brief says otherwise than the sample that it came with; null where they agree. GPU memory of jobs is left
 * out: whose it is was said before, and may have changed since.
 */
export function briefDifference(brief: SampleBrief, sample: Sample): string | null {
  const told = briefSample(sample, { processes: new Map() });
  if (told.sequence !== brief.sequence) return 'sequence';
  if (told.intervalMs !== brief.intervalMs) return 'interval';
  if (told.failedCollectors !== brief.failedCollectors) return 'collectors';
  if (!areEqual(told.machine, brief.machine)) return 'machine';
  const gpusOf = ({ gpus }: SampleBrief) => JSON.stringify([gpus?.index, gpus?.isHeld]);
  if (gpusOf(told) !== gpusOf(brief)) return 'GPUs';
  if (told.gpus && brief.gpus && !areEqual(told.gpus.cells, brief.gpus.cells)) return 'GPUs';
  return (told.jobs === null) === (brief.jobs === null) ? null : 'jobs';
}
