import type { SampleBrief } from './sample-brief.ts';

/**
 * A sample as it travels: its brief as a JSON array, this, and the whole as a JSON object, in one line. JSON holds no
 * such character but escaped. No zod: the monitor writes it.
 */
export const BRIEF_END = '\t';

/** A line that begins so is a sample. */
export const BRIEF_BEGIN = '[';

function base64Of(codes: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(codes.length * 2);
  codes.forEach((code, at) => {
    bytes.writeUInt16LE(code, at * 2);
  });
  return bytes.toString('base64');
}

/** For each GPU its index and whether it is held, then its figures. */
function gpuCodes({ index, isHeld, cells }: NonNullable<SampleBrief['gpus']>): number[] {
  const width = cells.length / index.length;
  return index.flatMap((gpu, row) => [
    2 * gpu + (isHeld[row] ? 1 : 0),
    ...cells.slice(row * width, (row + 1) * width),
  ]);
}

/** `[sequence, intervalMs, failedCollectors, machine, gpus, job keys, jobs]`, figures as base64 of 16-bit numbers, lowest byte first. */
export function writeBrief({
  sequence,
  intervalMs,
  failedCollectors,
  machine,
  gpus,
  jobs,
}: SampleBrief): string {
  return JSON.stringify([
    sequence,
    intervalMs,
    failedCollectors,
    base64Of(machine),
    gpus && base64Of(gpuCodes(gpus)),
    jobs?.key ?? null,
    jobs && base64Of(jobs.cells),
  ]);
}

/** Without its line end. `whole`: the sample as JSON. */
export const sampleLine = (brief: SampleBrief, whole: string) => `${writeBrief(brief)}${BRIEF_END}${whole}`;
