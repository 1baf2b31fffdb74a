import { describe, expect, it } from 'vitest';
import { target } from '../../test/support/monitor-link.ts';
import type { FailureDetail } from '../report/failure-detail.ts';
import { createFailure } from '../report/failures.ts';
import { createAutoTransport } from './auto-transport.ts';
import { StepError, toTransportError } from './ssh-step-error.ts';
import type { Channel, OpenOptions, Transport } from './transport.ts';
import { wayTo } from './way.ts';

const way = wayTo(target, null);
const channel: Channel = {
  write: () => undefined,
  drained: () => Promise.resolve(),
  onStdout: () => undefined,
  onStderr: () => undefined,
  ended: new Promise(() => undefined),
  endInput: () => undefined,
  close: () => undefined,
};

/** Passes these stages, then fails with this, or opens. */
function transportOf(
  name: 'ssh2' | 'openssh',
  stages: readonly ('name' | 'tcp' | 'login')[],
  detail: FailureDetail | null,
) {
  let attempts = 0;
  const transport: Transport = {
    name,
    open(_target, { onStage }) {
      attempts += 1;
      for (const stage of stages) onStage?.(stage, `by ${name}`);
      return detail === null
        ? Promise.resolve(channel)
        : Promise.reject(toTransportError(way, new StepError(detail)));
    },
    dispose: () => undefined,
  };
  return { transport, attempts: () => attempts };
}

function attemptWith(ssh2: Transport, openssh: Transport) {
  const told: string[] = [];
  const auto = createAutoTransport({
    chooser: { choose: () => Promise.resolve({ name: 'ssh2', reason: null }) },
    ssh2,
    openssh,
    secrets: null,
    fingerprint: () => 'x',
  });
  const open: OpenOptions = {
    command: 'true',
    signal: new AbortController().signal,
    onStage: (stage, fact) => told.push(`${stage} ${fact}`),
    onTransport: (name, reason) => told.push(`${name}: ${reason}`),
  };
  return { told, opened: () => auto.open(target, open) };
}

describe("the system's ssh after the library", () => {
  const exchange: FailureDetail = { cause: 'key-exchange', detail: 'no matching key exchange algorithm' };

  it('is told with what the library failed for, before its own steps', async () => {
    const ssh2 = transportOf('ssh2', ['name', 'tcp'], exchange);
    const openssh = transportOf('openssh', ['name', 'tcp', 'login'], null);
    const { told, opened } = attemptWith(ssh2.transport, openssh.transport);
    expect(await opened()).toBe(channel);
    const reason = `the library was refused where the system's ssh was not: ${createFailure(way, exchange).message.replace(/\.$/, '')}`;
    expect(told).toEqual([
      'ssh2: null',
      'name by ssh2',
      'tcp by ssh2',
      `openssh: ${reason}`,
      'name by openssh',
      'tcp by openssh',
      'login by openssh',
    ]);
    // Learned: the next attempt does not knock twice.
    await opened();
    expect(ssh2.attempts()).toBe(1);
    expect(told).toContain(`openssh: ${reason}`);
  });

  it('says nothing of steps where it fails, too', async () => {
    const ssh2 = transportOf('ssh2', ['name'], exchange);
    const openssh = transportOf('openssh', ['name', 'tcp'], { cause: 'refused' });
    const { told, opened } = attemptWith(ssh2.transport, openssh.transport);
    await expect(opened()).rejects.toMatchObject({ failure: { cause: 'key-exchange' } });
    expect(told).toEqual(['ssh2: null', 'name by ssh2']);
  });

  it.each<[FailureDetail, number]>([
    [{ cause: 'unreadable', stage: 'login', detail: 'Bad packet length' }, 1],
    [{ cause: 'unreadable', stage: null, detail: 'Invalid MAC' }, 0],
    [{ cause: 'closed', stage: 'login', detail: 'the server hung up' }, 0],
    [{ cause: 'password-expired', detail: 'x' }, 0],
  ])('is tried after %j: %i', async (detail, attempts) => {
    const openssh = transportOf('openssh', [], { cause: 'refused' });
    await expect(
      attemptWith(transportOf('ssh2', [], detail).transport, openssh.transport).opened(),
    ).rejects.toThrow();
    expect(openssh.attempts()).toBe(attempts);
  });
});
