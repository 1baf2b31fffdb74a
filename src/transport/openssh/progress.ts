import type { Stage } from '../../report/causes.ts';
import { keyTypeName } from '../host-keys/host-key.ts';
import { type OpensshEvent, readOpensshLine } from './log.ts';
import { addNote, emptyNotes, type OpensshNotes } from './notes.ts';

interface Standing extends OpensshNotes {
  /** Under way; null once the command runs. */
  stage: Stage | null;
  proxied: boolean;
  /** What let us in, of our own connection; empty before the login and through one that was there. */
  method: string;
}

/** How far one ssh has come, by its log. */
export interface OpensshProgress extends Readonly<Standing> {
  take(line: string): void;
}

export interface ProgressOptions {
  user: string;
  /** What stands between, for a person; null for nothing. */
  proxy: string | null;
  onPassed: (stage: Stage, fact: string) => void;
  /** A stage has begun; null when the command runs. Also called for each further address. */
  onEnter: (stage: Stage | null) => void;
}

function keyFact({ hostKey, algorithms }: OpensshNotes): string {
  const key = hostKey === null ? 'key not shown' : `${keyTypeName(hostKey.keyType)} ${hostKey.fingerprint}`;
  return [`${key}, known`, ...algorithms.slice(0, 2)].join('; ');
}

/** `onPassed` and `onEnter` are called as the log tells that a stage is over and the next one has begun. */
export function createProgress({ user, proxy, onPassed, onEnter }: ProgressOptions): OpensshProgress {
  const standing: Standing = { ...emptyNotes(), stage: 'name', proxied: false, method: '' };
  let address = '';

  function enter(next: Stage | null): void {
    standing.stage = next;
    onEnter(next);
  }

  /** On the way to the command; a shared connection tells little of it. */
  function goOn(event: OpensshEvent): void {
    switch (event.kind) {
      case 'connecting':
        if (standing.stage === 'name') onPassed('name', event.address.replace(/ port \d+$/, ''));
        address = event.address;
        return enter('tcp');
      case 'connected':
        onPassed('tcp', address);
        return enter('banner');
      case 'proxied':
        standing.proxied = true;
        onPassed('name', `left to ${proxy ?? 'the ProxyCommand'}`);
        return enter('banner');
      case 'banner':
        if (standing.proxied) onPassed('tcp', `through ${proxy ?? 'the ProxyCommand'}`);
        onPassed('banner', event.software);
        return enter('keys');
      case 'keys':
        // Keys are exchanged anew later.
        if (standing.stage !== 'keys') return;
        onPassed('keys', keyFact(standing));
        return enter('login');
      case 'logged-in': {
        const { method } = event;
        standing.method = method;
        const by = method === 'publickey' ? (standing.offered.at(-1) ?? method) : method;
        onPassed('login', `${user} with ${by}`);
        return enter('shell');
      }
      case 'shared':
        onPassed('login', `${user} through a connection that was there (ControlPath)`);
        return enter(null);
      case 'opened':
        return enter(null);
      default:
        return;
    }
  }

  return Object.assign(standing, {
    take(line: string) {
      const event = readOpensshLine(line);
      if (event === null) return;
      if (standing.stage !== null) goOn(event);
      addNote(standing, event);
    },
  });
}
