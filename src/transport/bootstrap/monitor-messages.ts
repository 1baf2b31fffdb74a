import type { Fault } from '../../protocol/figures.ts';
import type { Hello } from '../../protocol/hello.ts';
import { type Message, parseMessage } from '../../protocol/messages.ts';

export interface MonitorMessagesOptions {
  onMessage: (message: Message, faults: Fault[], line: string) => void;
  /** The line is no message, or none that may come now. */
  onRefused: (line: string, detail: string) => void;
}

/** The messages of one monitor: `hello` first, samples in order, nothing after `bye`. */
export interface MonitorMessages {
  /** Reads a line before the hello; null where it is not that. */
  takeHello(line: string, nonce: string): Hello | null;
  /** Reads a line after it. */
  take(line: string): void;
  /** The hello has come. */
  readonly greeted: boolean;
  /** Why the monitor left, in its own words. */
  readonly farewell: string | null;
}

/** Reads the lines of one monitor, whose hello must come first. */
export function createMonitorMessages({ onMessage, onRefused }: MonitorMessagesOptions): MonitorMessages {
  let greeted = false;
  let farewell: string | null = null;
  let sequence = 0;

  return {
    takeHello(line, nonce) {
      if (!line.startsWith('{')) return null;
      const parsed = parseMessage(line);
      if (!parsed.ok) {
        if (line.includes(nonce)) onRefused(line, `hello: ${parsed.reason}`);
        return null;
      }
      const hello = parsed.message;
      if (hello.type !== 'hello') return null;
      if (hello.nonce !== nonce) {
        onRefused(line, 'hello with a wrong nonce');
        return null;
      }
      greeted = true;
      onMessage(hello, parsed.faults, line);
      return hello;
    },
    take(line) {
      const parsed = parseMessage(line);
      if (!parsed.ok) return onRefused(line, parsed.reason);
      const { message } = parsed;
      if (message.type === 'hello') return onRefused(line, 'a second hello');
      if (farewell !== null) return onRefused(line, 'a message after the last one');
      if (message.type === 'bye') farewell = message.reason;
      if (message.type === 'sample') {
        if (message.sequence <= sequence)
          return onRefused(line, `sample ${message.sequence} after sample ${sequence}`);
        sequence = message.sequence;
      }
      onMessage(message, parsed.faults, line);
    },
    get greeted() {
      return greeted;
    },
    get farewell() {
      return farewell;
    },
  };
}
