import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { answerCalls, createCaller } from './calls.ts';

/** Two ends that hear each other. */
function ports() {
  const [left, right] = [new EventEmitter(), new EventEmitter()];
  const end = (own: EventEmitter, other: EventEmitter) => ({
    on: own.on.bind(own),
    postMessage: (message: unknown) => void setImmediate(() => other.emit('message', message)),
  });
  return [end(left, right), end(right, left)] as const;
}

it('tries again to open what could not be opened', async () => {
  const [here, there] = ports();
  let hasRoom = false;
  answerCalls(
    there,
    async () => {
      if (!hasRoom) throw new Error('the disk is full');
      return { add: async (a: number, b: number) => a + b };
    },
    0,
  );
  const caller = createCaller(here);
  await expect(caller.call('add', [1, 2])).rejects.toThrow('the disk is full');
  hasRoom = true;
  expect(await caller.call('add', [1, 2])).toBe(3);
});

it('says the first reason of an end', async () => {
  const caller = createCaller(ports()[0]);
  const asked = caller.call('add', []);
  caller.fail('out of memory');
  caller.fail('it has ended');
  await expect(asked).rejects.toThrow('out of memory');
  await expect(caller.call('add', [])).rejects.toThrow('out of memory');
});
