/** Bounds what one node may send after its hello: a healthy monitor stays far below. */
const MAX_MESSAGES_PER_SECOND = 50;
const MAX_BYTES_PER_SECOND = 4 * 1024 * 1024;
/** Messages that piled up behind a slow link or a sleeping head come at once. */
const BURST_SECONDS = 10;

export interface MessageMeter {
  /** Counts one message; a sentence once the node sends too much. */
  count(bytes: number): string | null;
}

export function createMessageMeter(monotonicMs: () => number = () => performance.now()): MessageMeter {
  let messages = 0;
  let bytes = 0;
  let lastMs = monotonicMs();
  return {
    count(size) {
      const nowMs = monotonicMs();
      const seconds = (nowMs - lastMs) / 1000;
      lastMs = nowMs;
      messages = Math.max(0, messages - seconds * MAX_MESSAGES_PER_SECOND) + 1;
      bytes = Math.max(0, bytes - seconds * MAX_BYTES_PER_SECOND) + size;
      if (messages > MAX_MESSAGES_PER_SECOND * BURST_SECONDS) {
        return `more than ${MAX_MESSAGES_PER_SECOND} messages a second`;
      }
      if (bytes > MAX_BYTES_PER_SECOND * BURST_SECONDS) {
        return `more than ${MAX_BYTES_PER_SECOND / 1024 / 1024} MiB a second`;
      }
      return null;
    },
  };
}
