import type { Target } from '../nodes/target.ts';
import { endMonitors } from '../transport/end-monitors.ts';
import type { Transport } from '../transport/transport.ts';

/** Ends what a killed head left on its nodes, all at once and within `limitMs`; a line for each node. */
export async function endLeftMonitorsOn(
  targets: readonly Target[],
  transportFor: (target: Target) => Transport,
  headId: string,
  limitMs: number,
  say: (line: string) => void,
): Promise<void> {
  const abort = AbortSignal.timeout(limitMs);
  const sweeps = targets.map(async (target) => {
    try {
      const count = await endMonitors(transportFor(target), target, headId, abort);
      say(count === 0 ? `${target.name}: no monitor left` : `${target.name}: monitor ended`);
    } catch {
      say(`${target.name}: out of reach, its monitor ends by itself within 30 s`);
    }
  });
  await Promise.all(sweeps);
}
