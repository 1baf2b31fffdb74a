import { Worker } from 'node:worker_threads';
import type { Target } from '../nodes/target.ts';
import type { Emit } from '../report/fleet-event.ts';
import type { PasswordRequest } from '../transport/secrets/secret-request.ts';
import type { Farewell } from './node-life.ts';
import type { Answer, FromShard, Question, ShardSettings, ToShard } from './shard-messages.ts';

/** The main thread's end of a thread that carries a part of the fleet. */
export interface Shard {
  setTargets(targets: readonly Target[]): void;
  setWatched(names: string[]): void;
  setAskers(names: string[]): void;
  retry(name: string): void;
  lookAtNext(name: string): void;
  stop(limitMs: number, onNode: (name: string, farewell: Farewell) => void): Promise<void>;
}

export interface ShardOptions {
  /** The compiled `shard-worker.ts`. */
  file: string;
  settings: ShardSettings;
  emit: Emit;
  answer(question: Question): Promise<Answer>;
  onMisfit(name: string): void;
  onKeyLogin(account: PasswordRequest): void;
  /** The thread ended by itself, with its nodes; it is started again. */
  onCrash(names: string[], reason: string): void;
}

const RESTART_MS = 1_000;
/** A thread that does not say that it has stopped is ended so much later. */
const FAREWELL_SPARE_MS = 1_000;

/** Starts the thread, and again where it ends by itself. */
export function startShard(options: ShardOptions): Shard {
  const { settings, emit, answer, onMisfit, onCrash } = options;
  let targets: readonly Target[] = [];
  let watched: string[] = [];
  let askers: string[] = [];
  let farewells: ((name: string, farewell: Farewell) => void) | null = null;
  let onStopped: () => void = () => undefined;
  let restart: NodeJS.Timeout | null = null;
  let worker = start();

  function start(): Worker {
    const started = new Worker(options.file, { workerData: settings });
    let reason = 'it ended';
    started.on('message', take);
    started.on('error', (error) => {
      reason = error.message;
    });
    started.on('exit', () => {
      onStopped();
      if (farewells !== null) return;
      onCrash(
        targets.map((target) => target.name),
        reason,
      );
      restart = setTimeout(startAgain, RESTART_MS);
    });
    return started;
  }

  function startAgain(): void {
    worker = start();
    post({ type: 'watched', names: watched });
    post({ type: 'askers', names: askers });
    post({ type: 'targets', targets: [...targets] });
  }

  function post(message: ToShard): void {
    worker.postMessage(message);
  }

  function take(message: FromShard): void {
    switch (message.type) {
      case 'events':
        for (const event of message.events) emit(event);
        return;
      case 'question':
        void answer(message.question).then((found) =>
          post({ type: 'answer', id: message.id, answer: found }),
        );
        return;
      case 'misfit':
        return onMisfit(message.name);
      case 'key-login':
        return options.onKeyLogin(message.account);
      case 'farewell':
        return farewells?.(message.name, message.farewell);
      case 'stopped':
        return onStopped();
    }
  }

  return {
    setTargets(now) {
      targets = now;
      post({ type: 'targets', targets: [...now] });
    },
    setWatched(names) {
      watched = names;
      post({ type: 'watched', names });
    },
    setAskers(names) {
      askers = names;
      post({ type: 'askers', names });
    },
    retry: (name) => post({ type: 'retry', name }),
    lookAtNext: (name) => post({ type: 'look', name }),
    async stop(limitMs, onNode) {
      if (restart) clearTimeout(restart);
      const silent = new Set(targets.map((target) => target.name));
      farewells = (name, farewell) => {
        silent.delete(name);
        onNode(name, farewell);
      };
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs + FAREWELL_SPARE_MS);
        onStopped = () => {
          clearTimeout(timer);
          resolve();
        };
        post({ type: 'stop', limitMs });
      });
      for (const name of silent) onNode(name, 'out of reach');
      await worker.terminate();
    },
  };
}
