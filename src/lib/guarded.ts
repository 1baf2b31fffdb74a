/** What must not end because of one fault: a timer, a listener, a row. */

const SAY_AGAIN_MS = 60_000;
const MOST_PLACES = 200;
const saidAtMs = new Map<string, number>();
let count = 0;
let last = '';

/** For whoever looks at the head: how many faults there were, and the last; null for none. */
export function faultsUntilNow(): string | null {
  if (count === 0) return null;
  const times = count === 1 ? 'a fault' : `${count} faults`;
  return `the head met ${times} of its own and goes on; the last: ${last} (its log has more)`;
}

/** Says a fault with its place on the error output, which is the head's log; the same one once a minute at most. */
export function sayFault(place: string, error: unknown): void {
  const text = `${place}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  count += 1;
  last = `${place}: ${error instanceof Error ? error.message : String(error)}`;
  const nowMs = performance.now();
  const before = saidAtMs.get(text);
  if (before !== undefined && nowMs - before < SAY_AGAIN_MS) return;
  if (saidAtMs.size >= MOST_PLACES) saidAtMs.clear();
  saidAtMs.set(text, nowMs);
  console.error(`${new Date().toISOString()} fault in ${text}`);
}

/** Runs `action`. What it throws is said and stays here; `otherwise` is handed back then. */
export function guarded<Value>(place: string, action: () => Value, otherwise: Value): Value {
  try {
    return action();
  } catch (error) {
    sayFault(place, error);
    return otherwise;
  }
}
