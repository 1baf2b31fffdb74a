import { createReadStream } from 'node:fs';
import { headLimitOf } from '../head-limits.ts';
import type { Channel } from '../transport.ts';
import { type NodeMark, parseUploadReply, uploadLine } from './bootstrap.ts';
import { explainMissingRuntime, explainUploadFailure } from './bootstrap-failures.ts';
import { type RuntimeStore, runtimeInstallCommand, type ShippedRuntime } from './runtimes.ts';
import type { Talk } from './talk.ts';

export interface ShipOptions {
  runtimes: RuntimeStore;
  signal: AbortSignal;
  /** An upload that makes no progress for so long has failed; the whole may take longer. */
  uploadStallMs?: number;
}

const UPLOAD_STALL_MS = 60_000;
/** What the node's programs said of the failure comes beside its reply, not in front of it. */
const LAST_WORDS_MS = 1_500;
const UPLOAD_CHUNK_BYTES = 256 * 1024;
/** The uploading shell says `wait` once a second while another login uploads the same. */
const MAX_WAITS = 900;

/** Brings a runtime to a node that has none. Rejects once the talk has failed. */
export async function shipRuntime(
  options: ShipOptions,
  talk: Talk,
  mark: NodeMark,
  nonce: string,
): Promise<void> {
  const runtime = mark.system === 'Linux' ? await prepareRuntime(options, talk, mark.machine) : null;
  if (runtime === null) {
    talk.fail(explainMissingRuntime(mark, runtimeInstallCommand(mark.machine)));
    throw await talk.failure();
  }
  const stallMs = options.uploadStallMs ?? UPLOAD_STALL_MS;
  talk.channel.write(uploadLine({ nonce, ...runtime }));
  let isSent = false;
  for (let waits = 0; ; ) {
    const reply = await talk.await('runtime', (line) => parseUploadReply(line, nonce), stallMs);
    switch (reply.kind) {
      case 'ready':
        return;
      case 'wait':
        waits += 1;
        break;
      case 'send':
        if (isSent) talk.fail({ cause: 'protocol', detail: 'it asked for the runtime twice' });
        else await sendRuntime(talk, runtime, options.signal, stallMs);
        isSent = true;
        break;
      case 'fail':
        await endWithin(talk.channel, LAST_WORDS_MS);
        talk.fail(explainUploadFailure(reply.reason, reply.detail, runtime.rawBytes));
        throw await talk.failure();
    }
    if (waits > MAX_WAITS) talk.fail({ cause: 'timeout', stage: 'runtime', limitMs: MAX_WAITS * 1000 });
  }
}

async function prepareRuntime(
  options: ShipOptions,
  talk: Talk,
  machine: string,
): Promise<ShippedRuntime | null> {
  try {
    return await options.runtimes.forMachine(machine);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const detail = `the head could not make its own runtime ready: ${text}`;
    const hint = 'Free some space for the head, or install Node.js on the node.';
    talk.fail(headLimitOf(error) ?? { cause: 'no-runtime', detail, hint });
    throw await talk.failure();
  }
}

async function sendRuntime(
  talk: Talk,
  runtime: ShippedRuntime,
  signal: AbortSignal,
  stallMs: number,
): Promise<void> {
  const { channel } = talk;
  const file = createReadStream(runtime.gzipPath, { highWaterMark: UPLOAD_CHUNK_BYTES, signal });
  let isOver = false;
  channel.ended.then(() => {
    isOver = true;
  });
  for await (const chunk of file) {
    channel.write(chunk as Buffer);
    if (!(await drainedWithin(channel, stallMs)))
      talk.fail({ cause: 'timeout', stage: 'runtime', limitMs: stallMs });
    // What the node said when it ended counts, not that it reads no more.
    if (isOver) return;
  }
}

/** Resolves when the command has ended, at the latest after `limitMs`. */
function endWithin(channel: Channel, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    // A busy head comes to its timers before it reads what has long arrived.
    const timer = setTimeout(() => setImmediate(resolve), limitMs);
    channel.ended.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** False where the node takes nothing for so long: it would hold the upload for ever. */
function drainedWithin(channel: Channel, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), limitMs);
    channel.drained().then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
