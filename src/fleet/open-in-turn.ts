import {
  type MonitorLink,
  type MonitorLinkOptions,
  openMonitor,
} from '../transport/bootstrap/monitor-link.ts';
import type { Handshakes } from './handshakes.ts';

/** A node whose address or port does not answer gives its room away and goes on: it must not keep others waiting. */
const UNANSWERED_MS = 2_000;

/**
 * Opens a monitor when its turn comes, as `onTurn` says then. Null where the signal came first. Rejects with what
 * `openMonitor` and `Handshakes` reject with.
 */
export async function openInTurn(
  handshakes: Handshakes,
  { target, signal }: Pick<MonitorLinkOptions, 'target' | 'signal'>,
  onTurn: () => MonitorLinkOptions,
): Promise<MonitorLink | null> {
  const leave = await handshakes.enter(target, signal);
  if (leave === null) return null;
  const unanswered = setTimeout(leave, UNANSWERED_MS);
  try {
    const options = onTurn();
    return await openMonitor({
      ...options,
      onStage(stage, fact) {
        options.onStage?.(stage, fact);
        if (stage === 'tcp') clearTimeout(unanswered);
        // Logged in: what follows knocks at no door.
        if (stage === 'shell') leave();
      },
    });
  } finally {
    clearTimeout(unanswered);
    leave();
  }
}
