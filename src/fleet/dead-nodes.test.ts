import { afterEach, expect, it } from 'vitest';
import { noNvmlKits } from '../../test/support/no-nvml-kits.ts';
import { parseNodeList } from '../nodes/node-list.ts';
import { listedNodes } from '../nodes/target.ts';
import { createFailure } from '../report/failures.ts';
import { createState } from '../state/state.ts';
import { type Transport, TransportError } from '../transport/transport.ts';
import { wayTo } from '../transport/way.ts';
import { createFleet, type Fleet } from './fleet.ts';

const HANDSHAKES = 4;
const STAGE_LIMIT_MS = 20_000;
let fleet: Fleet | null = null;
afterEach(() => fleet?.stop(100, () => undefined));

/** Names with `dead` never answer; all others refuse at once, which is an answer too. */
function createTransport(opened: string[]): Transport {
  return {
    name: 'ssh2',
    open: (target, { signal }) =>
      new Promise((_, reject) => {
        opened.push(target.name);
        const fail = () =>
          reject(new TransportError(createFailure(wayTo(target, null), { cause: 'refused' })));
        if (!target.name.startsWith('dead')) return fail();
        const timer = setTimeout(fail, STAGE_LIMIT_MS);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          fail();
        });
      }),
    dispose: () => undefined,
  };
}

it('dead nodes do not keep the others waiting', async () => {
  const opened: string[] = [];
  const transport = createTransport(opened);
  const state = createState(() => performance.now());
  fleet = createFleet({
    emit: state.take,
    transportFor: () => transport,
    wayFor: (target) => wayTo(target, null),
    logFor: () => ({ path: () => null, write: () => undefined }),
    monitor: { build: 'test', gzip: Buffer.alloc(0), nvmlKits: noNvmlKits },
    runtimes: { forMachine: () => Promise.resolve(null) },
    headId: 'test',
    accessFingerprint: () => '',
    monotonicMs: () => performance.now(),
    handshakes: {
      total: HANDSHAKES,
      perJumpHost: 8,
      reservedDescriptors: 0,
      jumpHostOf: () => Promise.resolve(null),
    },
  });
  const dead = Array.from({ length: 2 * HANDSHAKES }, (_, at) => `dead-${at}`);
  const { targets } = parseNodeList([...dead, 'answering'].join('\n'), 'list');
  state.take({ kind: 'listed', nodes: listedNodes(targets) });
  fleet.setTargets(targets);
  const deadOnes = () => opened.filter((name) => name.startsWith('dead')).length;
  await expect.poll(deadOnes).toBe(HANDSHAKES);
  await expect.poll(() => state.report('answering')?.cause, { timeout: STAGE_LIMIT_MS / 2 }).toBe('refused');
  // They are still being waited for, and were not given up for it.
  expect(state.report('dead-0')?.state).toBe('connecting');
  await expect.poll(deadOnes, { timeout: STAGE_LIMIT_MS / 2 }).toBe(dead.length);
});
