import type { Target } from '../nodes/target.ts';
import { BEAT_INTERVAL_MS } from '../protocol/constants.ts';
import type { Command } from '../protocol/messages.ts';
import type { MonitorLink } from '../transport/bootstrap/monitor-link.ts';

/** What a node's monitor is told: how often to sample, whether to ask the scheduler, and that its head lives. */
export interface Orders {
  /** Between two samples, as it is wanted now. */
  intervalMs(): number;
  /** Tells a monitor all that is wanted; it hears of changes until it is let go. */
  begin(link: MonitorLink): void;
  letGo(): void;
  beatIfDue(): void;
  setWatched(watched: boolean): void;
  setAsking(asksScheduler: boolean): void;
}

export interface OrdersOptions {
  target: Target;
  watched: boolean;
  asksScheduler: boolean;
  monotonicMs: () => number;
  /** The last sample that has come. */
  lastSequence: () => number;
}

/** The protocol wants a beat every 10 s; the head looks once a second. */
const LONGEST_BEAT_MS = 8_500;

/** What the head wants of one monitor; sent once there is one. */
export function createOrders(options: OrdersOptions): Orders {
  const { monotonicMs, lastSequence } = options;
  const { settings } = options.target;
  let { watched, asksScheduler } = options;
  let link: MonitorLink | null = null;
  let lastBeatMs = 0;

  const intervalMs = () => (watched ? settings.watchedIntervalMs : settings.intervalMs);
  /** A node that is sampled seldom is spoken to seldom. */
  const beatMs = () => Math.max(BEAT_INTERVAL_MS, Math.min(LONGEST_BEAT_MS, intervalMs()));

  function makeBeat(): Command {
    lastBeatMs = monotonicMs();
    return { type: 'beat', acknowledged: lastSequence() };
  }

  /** At a slower pace fewer samples may wait for an acknowledgement: those of the faster one are acknowledged first. */
  function sendInterval(): void {
    link?.send(makeBeat(), { type: 'interval', intervalMs: intervalMs(), watched });
    link?.expectEvery(intervalMs());
  }

  function sendAsking(): void {
    link?.send({ type: 'scheduler', asks: asksScheduler });
  }

  return {
    intervalMs,
    begin(started) {
      link = started;
      sendInterval();
      if (asksScheduler) sendAsking();
    },
    letGo() {
      link = null;
    },
    beatIfDue() {
      if (link !== null && monotonicMs() - lastBeatMs >= beatMs()) link.send(makeBeat());
    },
    setWatched(now) {
      if (now === watched) return;
      watched = now;
      sendInterval();
    },
    setAsking(now) {
      if (now === asksScheduler) return;
      asksScheduler = now;
      sendAsking();
    },
  };
}
