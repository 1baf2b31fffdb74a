import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import type { Stage } from '../../report/causes.ts';
import type { FailureDetail } from '../../report/failure-detail.ts';
import { headLimitOf } from '../head-limits.ts';
import type { SshSettings } from '../settings/ssh-settings-parse.ts';
import { givenUp, StepError } from '../ssh-step-error.ts';

export interface TcpOptions {
  settings: Pick<SshSettings, 'hostName' | 'port' | 'addressFamily' | 'bindAddress'>;
  limitMs: number;
  signal: AbortSignal;
  onStage: (stage: Stage, fact: string) => void;
}

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const wrongFamily = 'the name has no address of this family';

const dnsTexts: Record<string, string> = {
  ENOTFOUND: 'no such name',
  EAI_AGAIN: 'the name server does not answer',
  ENODATA: 'the name has no address',
  EAI_ADDRFAMILY: wrongFamily,
};

function dnsError(error: unknown): StepError {
  const limit = headLimitOf(error);
  if (limit !== null) return new StepError(limit);
  const code = codeOf(error);
  return new StepError({ cause: 'dns', detail: dnsTexts[code] ?? (code || String(error)) });
}

/** Settles with the promise, or rejects at the limit or when nobody waits any more. */
function within<T>(
  promise: Promise<T>,
  limitMs: number,
  signal: AbortSignal,
  late: () => StepError,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(givenUp());
    const giveUp = () => settle(() => reject(givenUp()));
    const timer = setTimeout(() => settle(() => reject(late())), limitMs);
    const settle = (then: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      then();
    };
    signal.addEventListener('abort', giveUp, { once: true });
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}

/** Look-ups under way. A dead resolver holds a thread for each; one that is tried again must not take another. */
const lookups = new Map<string, Promise<LookupAddress[]>>();

/** The system's own resolver, so that /etc/hosts and the like count. It cannot be aborted. */
function resolveName(hostName: string, family: number): Promise<LookupAddress[]> {
  const key = `${hostName} ${family}`;
  const known = lookups.get(key);
  if (known) return known;
  const started = lookup(hostName, { all: true, family, order: 'verbatim' }).finally(() =>
    lookups.delete(key),
  );
  lookups.set(key, started);
  return started;
}

async function lookUp({ settings, limitMs, signal }: TcpOptions): Promise<string[]> {
  const { hostName, addressFamily, bindAddress } = settings;
  // From an address of one family no other can be reached.
  const wanted = addressFamily || isIP(bindAddress ?? '');
  const family = isIP(hostName);
  if (family !== 0 && wanted !== 0 && family !== wanted)
    throw new StepError({ cause: 'dns', detail: wrongFamily });
  if (family !== 0) return [hostName];
  const found = resolveName(hostName, wanted).catch((error: unknown) => {
    throw dnsError(error);
  });
  const late = () => new StepError({ cause: 'dns', detail: `no answer within ${limitMs / 1000} s` });
  return (await within(found, limitMs, signal, late)).map(({ address }) => address);
}

/** What BindAddress or BindInterface names is none of this machine's own. */
export function unusableSource(source: string, reason: string): FailureDetail {
  return {
    cause: 'config',
    detail: `connections cannot come from ${source} (${reason})`,
    hint: 'Mend BindAddress or BindInterface in the ssh configuration; what this machine has: ip address',
  };
}

function socketError(error: Error, limitMs: number, { bindAddress }: TcpOptions['settings']): StepError {
  if (bindAddress !== null && 'syscall' in error && error.syscall === 'bind')
    return new StepError(unusableSource(bindAddress, codeOf(error)));
  const headLimit = headLimitOf(error);
  if (headLimit !== null) return new StepError(headLimit);
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return new StepError({ cause: 'refused' });
    case 'ETIMEDOUT':
      return new StepError({ cause: 'timeout', stage: 'tcp', limitMs });
    case 'EHOSTUNREACH':
      return new StepError({ cause: 'timeout', stage: 'tcp', limitMs, detail: 'no route to the host' });
    case 'ENETUNREACH':
      return new StepError({ cause: 'timeout', stage: 'tcp', limitMs, detail: 'the network is unreachable' });
    default:
      return new StepError({ cause: 'closed', stage: 'tcp', detail: error.message });
  }
}

function connectTo(address: string, limitMs: number, { settings, signal }: TcpOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(givenUp());
    const socket = connect({
      host: address,
      port: settings.port,
      ...(settings.bindAddress === null ? {} : { localAddress: settings.bindAddress }),
    });
    const fail = (error: StepError) => {
      finish();
      socket.destroy();
      reject(error);
    };
    const onAbort = () => fail(givenUp());
    const onError = (error: Error) => fail(socketError(error, limitMs, settings));
    const timer = setTimeout(() => fail(new StepError({ cause: 'timeout', stage: 'tcp', limitMs })), limitMs);
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      socket.on('error', () => undefined);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('connect', () => {
      finish();
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

/** Name, then TCP. Like ssh, tries one address after the other; together they have the stage's limit. */
export async function connectTcp(options: TcpOptions): Promise<Socket> {
  const addresses = await lookUp(options);
  options.onStage('name', addresses.join(', '));
  let last = new StepError({ cause: 'dns', detail: 'the name has no address' });
  for (const address of addresses) {
    try {
      const socket = await connectTo(address, options.limitMs / addresses.length, options);
      options.onStage('tcp', `${address} port ${options.settings.port}`);
      return socket;
    } catch (error) {
      if (!(error instanceof StepError) || options.signal.aborted) throw error;
      last = error;
    }
  }
  throw last;
}
