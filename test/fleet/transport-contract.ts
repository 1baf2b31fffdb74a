import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from '../../src/nodes/target.ts';
import { type Stage, stages } from '../../src/report/causes.ts';
import {
  type Channel,
  type ChannelEnd,
  type Transport,
  TransportError,
} from '../../src/transport/transport.ts';

/** What the contract needs of one transport and a place to go. */
export interface ContractSubject {
  transport: Transport;
  target: Target;
  /** Whether a process still runs on the node. */
  isAlive(pid: number): Promise<boolean>;
  kill(pid: number): Promise<void>;
  tearDown(): Promise<void>;
}

interface Ran extends ChannelEnd {
  stdout: Buffer;
  stderr: Buffer;
}

/** Listens to a channel until it ends. */
export async function collect(channel: Channel): Promise<Ran> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  channel.onStdout((chunk) => stdout.push(chunk));
  channel.onStderr((chunk) => stderr.push(chunk));
  const end = await channel.ended;
  return { ...end, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
}

const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex');

/** Resolves to the first line of stdout. */
function firstLine(channel: Channel): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    channel.onStdout((chunk) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.split('\n')[0] ?? '');
    });
  });
}

async function eventually(check: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 50; tries += 1) {
    if (await check()) return true;
    await sleep(100);
  }
  return false;
}

/** Sockets, children and timers; the test runner has some of its own. */
function countResources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

async function hasLeft(before: Record<string, number>): Promise<boolean> {
  const after = countResources();
  const kinds = ['TCPSocketWrap', 'ProcessWrap', 'PipeWrap', 'TCPConnectWrap', 'Timeout'];
  // One timer more is that of this very wait.
  return kinds.every((kind) => (after[kind] ?? 0) <= (before[kind] ?? 0) + (kind === 'Timeout' ? 1 : 0));
}

/** What a way cannot do by its nature. */
export interface ContractPowers {
  /** sshd passes signals on only where it runs as root and the user is another one; ssh sends none. */
  endsSilentCommands: boolean;
  /** ssh does not tell which signal ended a command; through a master it looks like a lost connection. */
  signals: 'named' | 'unnamed' | 'untold';
}

/** The one suite that every transport passes. */
export function describeTransport(
  name: string,
  { endsSilentCommands, signals }: ContractPowers,
  setUp: () => Promise<ContractSubject>,
): void {
  describe(`transport contract: ${name}`, () => {
    const killed = {
      named: { exitCode: null, signal: 'SIGKILL', failure: null },
      unnamed: { exitCode: null, signal: 'a signal', failure: null },
      untold: { exitCode: null, signal: null, failure: { cause: 'closed' } },
    }[signals];
    let subject: ContractSubject;
    beforeAll(async () => {
      subject = await setUp();
    });
    afterAll(() => subject?.tearDown());

    const open = (command: string, signal = new AbortController().signal) =>
      subject.transport.open(subject.target, { command, signal });

    it('keeps 5 MB of bytes as they are, in both directions', async () => {
      const sent = randomBytes(5 * 1024 * 1024);
      const channel = await open('cat');
      const received = collect(channel);
      for (let at = 0; at < sent.length; at += 100_000) {
        channel.write(sent.subarray(at, at + 100_000));
        await channel.drained();
      }
      channel.endInput();
      const { stdout, stderr, ...end } = await received;
      expect(digest(stdout)).toBe(digest(sent));
      expect(stderr).toHaveLength(0);
      expect(end).toEqual({ exitCode: 0, signal: null, failure: null });
    });

    it('loses nothing of a big write that nobody waits for', async () => {
      const sent = randomBytes(5 * 1024 * 1024);
      const channel = await open('sha256sum');
      channel.write(sent);
      channel.endInput();
      const { stdout } = await collect(channel);
      expect(stdout.toString()).toContain(digest(sent));
    });

    it('keeps stdout and stderr apart and whole', async () => {
      const zeros = 'head -c 3000000 /dev/zero';
      const channel = await open(`${zeros} >&2 & ${zeros} | tr "\\000" "\\377"; wait`);
      const { stdout, stderr } = await collect(channel);
      expect(digest(stdout)).toBe(digest(Buffer.alloc(3_000_000, 0xff)));
      expect(digest(stderr)).toBe(digest(Buffer.alloc(3_000_000, 0)));
    });

    it('passes the end of stdin on', async () => {
      const channel = await open('wc -c');
      channel.write('12345');
      channel.endInput();
      expect((await collect(channel)).stdout.toString().trim()).toBe('5');
    });

    it.each([0, 1, 7, 255])('tells exit code %i', async (code) => {
      const ran = await collect(await open(`exit ${code}`));
      expect(ran).toMatchObject({ exitCode: code, signal: null, failure: null });
    });

    it('tells the signal that ended the command', async () => {
      const ran = await collect(await open('exec sh -c "kill -9 \\$\\$"'));
      expect(ran).toMatchObject(killed);
    });

    it('tells of a command that somebody else killed', async () => {
      const channel = await open('echo $$; exec sleep 300');
      const ran = collect(channel);
      await subject.kill(Number(await firstLine(channel)));
      expect(await ran).toMatchObject(killed);
    });

    it('ends a command that reads with close()', async () => {
      const channel = await open('echo $$; exec cat > /dev/null');
      const pid = Number(await firstLine(channel));
      channel.close();
      expect(await eventually(async () => !(await subject.isAlive(pid)))).toBe(true);
    });

    it.runIf(endsSilentCommands)('ends a command that never reads with close()', async () => {
      const channel = await open('echo $$; exec sleep 300');
      const pid = Number(await firstLine(channel));
      expect(await subject.isAlive(pid)).toBe(true);
      channel.close();
      expect(await channel.ended).toMatchObject({ exitCode: null, failure: null });
      expect(await eventually(async () => !(await subject.isAlive(pid)))).toBe(true);
    });

    it('ends the command when the signal is aborted later', async () => {
      const controller = new AbortController();
      const channel = await open('echo $$; exec cat > /dev/null', controller.signal);
      const pid = Number(await firstLine(channel));
      controller.abort();
      await channel.ended;
      expect(await eventually(async () => !(await subject.isAlive(pid)))).toBe(true);
    });

    it('opens nothing for a signal that is aborted already', async () => {
      await expect(open('echo no', AbortSignal.abort())).rejects.toBeInstanceOf(TransportError);
    });

    it('gives up at any moment of opening', async () => {
      for (const waitMs of [0, 1, 5, 10, 20, 40, 80]) {
        const controller = new AbortController();
        const opening = open('cat > /dev/null', controller.signal);
        setTimeout(() => controller.abort(), waitMs);
        const result = await opening.then(
          (channel) => channel.ended,
          (error: unknown) => error,
        );
        if (result instanceof Error) expect(result).toBeInstanceOf(TransportError);
        else expect(result).toMatchObject({ failure: null });
      }
    });

    it('waits in drained() for a command that does not read, and not beyond its end', async () => {
      const channel = await open('sleep 5; exec cat > /dev/null');
      channel.write(Buffer.alloc(16 * 1024 * 1024));
      let drained = false;
      const waiting = channel.drained().then(() => {
        drained = true;
      });
      await sleep(300);
      expect(drained).toBe(false);
      channel.close();
      await waiting;
    });

    it('ignores what is written after the end', async () => {
      const channel = await open('exit 0');
      await collect(channel);
      channel.write('too late');
      await channel.drained();
      channel.endInput();
      channel.close();
    });

    it('reports the stages in order', async () => {
      const seen: Stage[] = [];
      const onStage = (stage: Stage, fact: string) => {
        expect(fact).not.toBe('');
        seen.push(stage);
      };
      const signal = new AbortController().signal;
      const channel = await subject.transport.open(subject.target, { command: 'exit 0', signal, onStage });
      await collect(channel);
      expect(seen).toEqual(stages.filter((stage) => seen.includes(stage)));
      expect(seen).toContain('login');
    });

    it('carries several commands side by side', async () => {
      const ran = await Promise.all(
        Array.from({ length: 6 }, async (_, index) => collect(await open(`echo ${index}; exit ${index}`))),
      );
      expect(ran.map(({ stdout, exitCode }) => [stdout.toString(), exitCode])).toEqual(
        ran.map((_, index) => [`${index}\n`, index]),
      );
    });

    it('leaves no socket, process or timer behind', async () => {
      await sleep(1_500);
      const before = countResources();
      await collect(await open('exit 0'));
      (await open('exec cat > /dev/null')).close();
      await open('echo no', AbortSignal.abort()).catch(() => undefined);
      expect(await eventually(() => hasLeft(before))).toBe(true);
    });
  });
}
