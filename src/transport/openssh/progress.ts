import type { Stage } from '../../report/causes.ts';
import { keyTypeName } from '../host-keys/host-key.ts';
import { type OpensshEvent, readOpensshLine } from './log.ts';

/** How far one ssh has come, by its log. */
export interface OpensshProgress {
  take(line: string): void;
  /** Under way; null once the command runs. */
  readonly stage: Stage | null;
  readonly proxied: boolean;
  readonly said: readonly string[];
  readonly offered: readonly string[];
  readonly methods: readonly string[];
  readonly hadPartialSuccess: boolean;
  /** What let us in, of our own connection; empty before the login and through one that was there. */
  readonly method: string;
  readonly hostKey: { keyType: string; fingerprint: string } | null;
  readonly offendingFile: string | null;
  /** How the command ended, where the node said so. */
  readonly exit: { exitCode: number | null; signal: string | null } | null;
}

export interface ProgressOptions {
  user: string;
  /** What stands between, for a person; null for nothing. */
  proxy: string | null;
  onPassed: (stage: Stage, fact: string) => void;
  /** A stage has begun; null when the command runs. Also called for each further address. */
  onEnter: (stage: Stage | null) => void;
}

const KEPT_LINES = 40;

/** ssh does not tell which signal it was. */
const UNNAMED_SIGNAL = 'a signal';

/** `onPassed` and `onEnter` are called as the log tells that a stage is over and the next one has begun. */
export function createProgress({ user, proxy, onPassed, onEnter }: ProgressOptions): OpensshProgress {
  let stage: Stage | null = 'name';
  let proxied = false;
  let address = '';
  let banner = '';
  let method = '';
  let isShared = false;
  let hadPartialSuccess = false;
  const said: string[] = [];
  const offered: string[] = [];
  let methods: readonly string[] = [];
  const algorithms: string[] = [];
  let hostKey: OpensshProgress['hostKey'] = null;
  let offendingFile: string | null = null;
  let exit: OpensshProgress['exit'] = null;

  function enter(next: Stage | null): void {
    stage = next;
    onEnter(next);
  }

  function keyFact(): string {
    const key = hostKey === null ? 'key not shown' : `${keyTypeName(hostKey.keyType)} ${hostKey.fingerprint}`;
    return [`${key}, known`, ...algorithms.slice(0, 2)].join('; ');
  }

  /** What has not been told of the way so far; a shared connection tells little. */
  function open(): void {
    if (stage === null) return;
    if (isShared) onPassed('login', `${user} through a connection that was there (ControlPath)`);
    enter(null);
  }

  function takeEarly(event: OpensshEvent): void {
    switch (event.kind) {
      case 'connecting':
        if (stage === 'name') onPassed('name', event.address.replace(/ port \d+$/, ''));
        address = event.address;
        return enter('tcp');
      case 'connected':
        onPassed('tcp', address);
        return enter('banner');
      case 'proxied':
        proxied = true;
        onPassed('name', `left to ${proxy ?? 'the ProxyCommand'}`);
        return enter('banner');
      case 'banner':
        if (proxied) onPassed('tcp', `through ${proxy ?? 'the ProxyCommand'}`);
        banner = event.software;
        onPassed('banner', banner);
        return enter('keys');
      case 'keys':
        // Keys are exchanged anew later.
        if (stage !== 'keys') return;
        onPassed('keys', keyFact());
        return enter('login');
      case 'logged-in':
        method = event.method;
        onPassed('login', `${user} with ${method === 'publickey' ? (offered.at(-1) ?? method) : method}`);
        return enter('shell');
      default:
        return;
    }
  }

  function note(event: OpensshEvent): void {
    switch (event.kind) {
      case 'algorithm':
        algorithms.push(event.name);
        return;
      case 'host-key':
        hostKey ??= event;
        return;
      case 'offending':
        offendingFile = event.file;
        return;
      case 'offered':
        offered.push(event.label);
        return;
      case 'methods':
        methods = event.names;
        return;
      case 'partly':
        hadPartialSuccess = true;
        return;
      case 'shared':
        isShared = true;
        return open();
      case 'opened':
        return open();
      case 'exit-status':
        exit = { exitCode: event.code, signal: null };
        return;
      case 'exit-signal':
        exit = { exitCode: null, signal: UNNAMED_SIGNAL };
        return;
      case 'said':
        said.push(event.line);
        if (said.length > KEPT_LINES) said.shift();
        return;
      default:
        return;
    }
  }

  return {
    take(line) {
      const event = readOpensshLine(line);
      if (event === null) return;
      if (stage !== null) takeEarly(event);
      note(event);
    },
    get stage() {
      return stage;
    },
    get proxied() {
      return proxied;
    },
    get said() {
      return said;
    },
    get offered() {
      return offered;
    },
    get methods() {
      return methods;
    },
    get hadPartialSuccess() {
      return hadPartialSuccess;
    },
    get method() {
      return method;
    },
    get hostKey() {
      return hostKey;
    },
    get offendingFile() {
      return offendingFile;
    },
    get exit() {
      return exit;
    },
  };
}
