/** Reads a stream of server-sent events piece by piece. */
export interface ReadEvent {
  id: string | null;
  event: string;
  data: string;
}

export interface EventReader {
  /** The next event; comments and `retry` alone are none. Rejects at the end of the stream. */
  next(): Promise<ReadEvent>;
  cancel(): Promise<void>;
}

function parseEvent(block: string): ReadEvent | null {
  const event: ReadEvent = { id: null, event: 'message', data: '' };
  for (const line of block.split('\n')) {
    const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === 'id' || field === 'event' || field === 'data') event[field] = value ?? '';
  }
  return event.data === '' ? null : event;
}

export function readEvents(stream: ReadableStream<Uint8Array>): EventReader {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';

  async function next(): Promise<ReadEvent> {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const event = parseEvent(text.slice(0, end));
        text = text.slice(end + 2);
        if (event) return event;
        continue;
      }
      const { done, value } = await reader.read();
      if (done) throw new Error('the stream ended');
      text += decoder.decode(value, { stream: true });
    }
  }

  return { next, cancel: () => reader.cancel() };
}
