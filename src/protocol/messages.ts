import { z } from 'zod';
import { PROTOCOL_VERSION } from './constants.ts';
import { collectFaults, type Fault, text } from './figures.ts';
import { factsSchema, helloSchema } from './hello.ts';
import { parseJson } from './parse-json.ts';
import { sampleSchema } from './sample.ts';

/** Last message of a monitor that ends in order. */
export const byeSchema = z.object({ type: z.literal('bye'), reason: text(500) });

export const messageSchema = z.discriminatedUnion('type', [
  helloSchema,
  factsSchema,
  sampleSchema,
  byeSchema,
]);
/** What a monitor says. */
export type Message = z.infer<typeof messageSchema>;

/** What a head says, one JSON object a line on the monitor's stdin. */
export type Command =
  /** `watched`: somebody looks, so that costly scans follow every sample. */
  | { type: 'interval'; intervalMs: number; watched: boolean }
  | { type: 'beat'; acknowledged: number }
  /** Whether this monitor asks the scheduler, for all nodes of its cluster. */
  | { type: 'scheduler'; asks: boolean }
  /**
   * The helper that reads NVML, for which `hello.nvmlFor` asks: so many bytes of its kit follow the line. Null with the
   * reason why there is none.
   */
  | { type: 'nvml-kit'; bytes: number | null; reason?: string }
  | { type: 'stop' };

export type ParsedMessage = { ok: true; message: Message; faults: Fault[] } | { ok: false; reason: string };

/** Another version's hello may have another shape: its version is the story, not the first odd field. */
function otherVersion(json: unknown): string | null {
  if (typeof json !== 'object' || json === null || !('type' in json) || json.type !== 'hello') return null;
  const version =
    'protocol' in json && Number.isSafeInteger(json.protocol) ? json.protocol : PROTOCOL_VERSION;
  return version === PROTOCOL_VERSION ? null : `protocol version ${version}, not ${PROTOCOL_VERSION}`;
}

/** Parses one line from a node. Never throws: rubbish gives a reason. */
export function parseMessage(line: string): ParsedMessage {
  const json = parseJson(line);
  if (!json.ok) return { ok: false, reason: 'a line is not JSON' };
  const version = otherVersion(json.value);
  if (version !== null) return { ok: false, reason: version };
  const { result, faults } = collectFaults(() => messageSchema.safeParse(json.value));
  if (result.success) return { ok: true, message: result.data, faults };
  const issue = result.error.issues[0];
  const where = issue?.path.join('.') || 'message';
  return { ok: false, reason: `${where}: ${issue?.message ?? 'not a message'}` };
}
