import { describe, expect, it } from 'vitest';
import { parseNodeList } from '../nodes/node-list.ts';
import { createHandshakes } from './handshakes.ts';

const targets = parseNodeList('a[1-9]\nb[1-9]', 'list').targets;
const never = new AbortController().signal;
/** Lets what is resolved be seen. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('handshakes', () => {
  /** `a` nodes stand behind a jump host. */
  function create() {
    const handshakes = createHandshakes({
      total: 5,
      perJumpHost: 2,
      reservedDescriptors: 0,
      jumpHostOf: (target) => Promise.resolve(target.host.startsWith('a') ? 'bastion' : null),
    });
    const inside = new Map<string, () => void>();
    async function enter(name: string, signal = never) {
      const target = targets.find((candidate) => candidate.name === name);
      if (!target) throw new Error(name);
      const leave = await handshakes.enter(target, signal);
      if (leave) inside.set(name, leave);
    }
    const leave = (name: string) => {
      inside.get(name)?.();
      inside.delete(name);
    };
    return { enter, leave, inside: () => [...inside.keys()].sort() };
  }

  it('are so many at a time, in all and through one jump host', async () => {
    const { enter, leave, inside } = create();
    for (const name of ['a1', 'a2', 'a3']) void enter(name);
    await settle();
    for (const name of ['b1', 'b2', 'b3', 'b4']) void enter(name);
    await settle();
    expect(inside()).toEqual(['a1', 'a2', 'b1', 'b2', 'b3']);
    leave('b1');
    await settle();
    expect(inside()).toEqual(['a1', 'a2', 'b2', 'b3', 'b4']);
    leave('a1');
    await settle();
    expect(inside()).toEqual(['a2', 'a3', 'b2', 'b3', 'b4']);
  });

  it('who waits for a jump host takes no room from others', async () => {
    const { enter, inside } = create();
    for (let at = 1; at <= 9; at++) void enter(`a${at}`);
    await settle();
    for (const name of ['b1', 'b2', 'b3']) void enter(name);
    await settle();
    expect(inside()).toEqual(['a1', 'a2', 'b1', 'b2', 'b3']);
  });

  it('are given back by a node that was let go while it waited', async () => {
    const { enter, leave, inside } = create();
    const abort = new AbortController();
    for (const name of ['a1', 'a2']) void enter(name);
    void enter('a3', abort.signal);
    void enter('a4');
    await settle();
    abort.abort();
    leave('a1');
    await settle();
    expect(inside()).toEqual(['a2', 'a4']);
  });

  it('are refused, and their room is given back, where nodes have all descriptors that they may have', async () => {
    const limits = { total: 1, perJumpHost: 1, jumpHostOf: () => Promise.resolve(null) };
    const [target] = targets;
    if (!target) throw new Error('no target');
    const refused = createHandshakes({ ...limits, reservedDescriptors: 100_000_000 });
    for (const _ of ['once', 'again'])
      await expect(refused.enter(target, never)).rejects.toMatchObject({
        detail: {
          cause: 'head-limit',
          what: 'files',
          detail: expect.stringContaining('are kept for browsers'),
        },
      });
  });
});
