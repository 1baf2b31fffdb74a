import { parentPort, workerData } from 'node:worker_threads';
import type { FleetEvent } from '../report/fleet-event.ts';
import type { ShippedRuntime } from '../transport/bootstrap/runtimes.ts';
import { createPlainAccess } from '../transport/plain-access.ts';
import type { SshSettings } from '../transport/settings/ssh-settings-parse.ts';
import { StepError } from '../transport/ssh-step-error.ts';
import { createFleet } from './fleet.ts';
import { createNodeLog } from './node-log.ts';
import type { Answer, FromShard, Question, ShardSettings, ToShard } from './shard-messages.ts';

/** A thread that carries a part of the fleet: the same fleet, its events sent to the main thread in batches. */

/** A sample is 20 ms older for it, and a thousand samples a second are fifty messages. */
const BATCH_MS = 20;

function startShard(
  settings: ShardSettings,
  post: (message: FromShard, transferred?: ArrayBuffer[]) => void,
) {
  const asked = new Map<number, (answer: Answer) => void>();
  let nextId = 1;
  let events: FleetEvent[] = [];
  let transferred: ArrayBuffer[] = [];
  let watched: ReadonlySet<string> = new Set();
  let askers: ReadonlySet<string> = new Set();

  function tell(event: FleetEvent): void {
    if (events.length === 0) setTimeout(flush, BATCH_MS);
    events.push(event.kind === 'sample' ? ownSample(event) : event);
  }

  /** Its bytes in memory of their own, which goes to the main thread as it is. */
  function ownSample(event: Extract<FleetEvent, { kind: 'sample' }>): FleetEvent {
    const whole = new Uint8Array(event.whole);
    transferred.push(whole.buffer);
    return { ...event, whole };
  }

  function flush(): void {
    const batch = events;
    const buffers = transferred;
    events = [];
    transferred = [];
    if (batch.length > 0) post({ type: 'events', events: batch }, buffers);
  }

  async function ask<T extends SshSettings | ShippedRuntime | null>(question: Question): Promise<T> {
    const answer = await new Promise<Answer>((resolve) => {
      asked.set(nextId, resolve);
      post({ type: 'question', id: nextId++, question });
    });
    if (!answer.ok) throw new StepError(answer.detail, answer.lastLines);
    return answer.value as T;
  }

  const access = createPlainAccess({
    ...settings,
    resolver: {
      resolve: (place) => ask<SshSettings>({ what: 'settings', place }),
      configFiles: () => [],
      accessFiles: () => [],
    },
    onMisfit: (name) => post({ type: 'misfit', name }),
    onKeyLogin: (account) => post({ type: 'key-login', account }),
  });
  const fleet = createFleet({
    emit: tell,
    transportFor: () => access.transport,
    wayFor: access.wayFor,
    logFor: (target) => createNodeLog(target.name, settings.headId),
    monitor: settings.monitor,
    runtimes: { forMachine: (machine) => ask<ShippedRuntime | null>({ what: 'runtime', machine }) },
    headId: settings.headId,
    // The main thread has put the nodes behind one jump host into one shard.
    handshakes: { ...settings.handshakes, jumpHostOf: () => Promise.resolve(null) },
    accessFingerprint: access.fingerprint,
    monotonicMs: () => performance.now(),
  });

  async function stop(limitMs: number): Promise<void> {
    await fleet.stop(limitMs, (name, farewell) => post({ type: 'farewell', name, farewell }));
    access.transport.dispose();
    flush();
    post({ type: 'stopped' });
  }

  return (message: ToShard): void => {
    switch (message.type) {
      case 'targets':
        return fleet.setTargets(message.targets);
      case 'watched':
        watched = new Set(message.names);
        return fleet.setWatched((name) => watched.has(name));
      case 'askers':
        askers = new Set(message.names);
        return fleet.setAskers((name) => askers.has(name));
      case 'retry':
        return void fleet.retry(message.name);
      case 'look':
        return fleet.lookAtNext(message.name);
      case 'answer':
        asked.get(message.id)?.(message.answer);
        return void asked.delete(message.id);
      case 'stop':
        return void stop(message.limitMs);
    }
  };
}

if (parentPort !== null) {
  const port = parentPort;
  port.on(
    'message',
    startShard(workerData as ShardSettings, (message, transferred = []) =>
      port.postMessage(message, transferred),
    ),
  );
}
