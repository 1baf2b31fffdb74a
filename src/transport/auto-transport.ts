import { cutText } from '../lib/cut-text.ts';
import type { Target } from '../nodes/target.ts';
import type { Stage } from '../report/causes.ts';
import type { TransportChooser } from './choose-transport.ts';
import type { OpensshTransport } from './openssh/openssh.ts';
import type { Secrets } from './secrets/secrets.ts';
import type { Channel, OpenOptions, Transport } from './transport.ts';
import { TransportError } from './transport.ts';

export interface AutoTransportOptions {
  chooser: TransportChooser;
  ssh2: Transport;
  openssh: OpensshTransport;
  secrets: Secrets | null;
  /** Changes when keys, settings or known hosts do: then a refusal counts no more. */
  fingerprint: () => string;
}

/** What one refusal by ssh2 led to. */
interface Lesson {
  fingerprint: string;
  opensshWorks: boolean;
  reason: string;
}

const MAX_REASON_LENGTH = 300;

/** Why the system's ssh carries a node, with what the library failed for. */
function reasonOf({ failure }: TransportError): string {
  const what = failure.cause === 'unreadable' ? 'failed' : 'was refused';
  const why = failure.message.replace(/\.$/, '');
  return `the library ${what} where the system's ssh was not: ${cutText(why, MAX_REASON_LENGTH)}`;
}

/** The library, and the system's ssh where only that gets in. */
export function createAutoTransport(options: AutoTransportOptions): Transport {
  const { chooser, ssh2, openssh, secrets, fingerprint } = options;
  const lessons = new Map<string, Lesson>();

  function lessonFor(node: string): Lesson | null {
    const lesson = lessons.get(node);
    return lesson?.fingerprint === fingerprint() ? lesson : null;
  }

  /**
   * Once, without a question: what was asked for is known by now, and servers count. Its stages are told once it got in:
   * those of an attempt that failed too would be the same again.
   */
  async function tryOpenssh(target: Target, open: OpenOptions, refusal: TransportError): Promise<Channel> {
    const reason = reasonOf(refusal);
    const lesson: Lesson = { fingerprint: fingerprint(), opensshWorks: false, reason };
    lessons.set(target.name, lesson);
    const passed: [Stage, string][] = [];
    const onStage = (stage: Stage, fact: string) => void passed.push([stage, fact]);
    let channel: Channel;
    try {
      channel = await openssh.open(target, { ...open, onStage, batch: true });
    } catch {
      throw refusal;
    }
    lesson.opensshWorks = true;
    open.onTransport?.('openssh', reason);
    for (const [stage, fact] of passed) open.onStage?.(stage, fact);
    return channel;
  }

  async function openWith(target: Target, open: OpenOptions): Promise<Channel> {
    const choice = await chooser.choose(target);
    const isFree = choice.name === 'ssh2' && choice.reason === null;
    const lesson = isFree ? lessonFor(target.name) : null;
    if (choice.name === 'openssh' || lesson?.opensshWorks) {
      open.onTransport?.('openssh', choice.reason ?? lesson?.reason ?? null);
      return openssh.open(target, open);
    }
    open.onTransport?.('ssh2', choice.reason);
    try {
      return await ssh2.open(target, open);
    } catch (error) {
      const mayTry = isFree && lesson === null && !open.signal.aborted;
      if (!(error instanceof TransportError) || !mayTry || !error.isWorthAnotherTry) throw error;
      return tryOpenssh(target, open, error);
    }
  }

  return {
    name: 'ssh2',
    async open(target, open) {
      try {
        const channel = await openWith(target, open);
        secrets?.attemptOver(target.name, []);
        return channel;
      } catch (error) {
        secrets?.attemptOver(target.name, error instanceof TransportError ? error.missing : []);
        throw error;
      }
    },
    dispose() {
      ssh2.dispose();
      openssh.dispose();
    },
  };
}
