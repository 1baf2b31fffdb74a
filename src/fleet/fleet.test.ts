import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleMonitor } from '../../test/support/monitor-bundle.ts';
import { parseNodeList } from '../nodes/node-list.ts';
import { createNodeSettings, defaultNodeSettings } from '../nodes/node-settings.ts';
import { listedNodes, type Target } from '../nodes/target.ts';
import { createFailure } from '../report/failures.ts';
import type { Emit } from '../report/fleet-event.ts';
import { createState, type State } from '../state/state.ts';
import { createLocalTransport } from '../transport/local.ts';
import { type Transport, TransportError } from '../transport/transport.ts';
import { wayTo } from '../transport/way.ts';
import { createBackoff } from './backoff.ts';
import { checkNodes } from './check-node.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { createNodeLog } from './node-log.ts';

const monitor = await bundleMonitor();

const monotonicMs = () => performance.now();
const withSettings = createNodeSettings(
  { ...defaultNodeSettings, intervalMs: 300, watchedIntervalMs: 200 },
  [],
);
const targetsOf = (text: string) => withSettings(parseNodeList(text, 'list').targets);
const noRuntimes = { forMachine: () => Promise.resolve(null) };
const local = createLocalTransport(process.env);

/** Refuses every attempt, and counts. */
function refusingTransport(cause: 'refused' | 'auth') {
  let attempts = 0;
  const transport: Transport = {
    name: 'ssh2',
    open: (target) => {
      attempts++;
      const detail = cause === 'auth' ? ({ cause, user: 'ann', tried: [] } as const) : ({ cause } as const);
      return Promise.reject(new TransportError(createFailure(wayTo(target, null), detail)));
    },
    dispose: () => undefined,
  };
  return { transport, attempts: () => attempts };
}

describe('fleet', () => {
  const headId = `t${process.pid}`;
  const names = ['fleet-a', 'fleet-b', 'fleet-c'].map((name) => `${name}-${process.pid}`);
  const [a = '', b = '', c = ''] = names;
  let state: State;
  let emit: Emit;
  let fleet: Fleet;
  let fingerprint = 'x';

  function start(transportFor: (name: string) => Transport = () => local): void {
    state = createState(monotonicMs);
    emit = state.take;
    fleet = createFleet({
      emit: (event) => emit(event),
      transportFor: (target) => transportFor(target.name),
      wayFor: (target) => wayTo(target, null),
      logFor: (target) => createNodeLog(target.name, headId),
      monitor,
      runtimes: noRuntimes,
      headId,
      handshakes: {
        total: 32,
        perJumpHost: 8,
        reservedDescriptors: 0,
        jumpHostOf: () => Promise.resolve(null),
      },
      accessFingerprint: () => fingerprint,
      monotonicMs,
    });
  }
  beforeEach(() => {
    fingerprint = 'x';
  });
  afterEach(async () => {
    await fleet.stop(3_000, () => undefined);
    for (const name of names)
      for (const end of ['log', 'json']) rmSync(`/tmp/monitor-${name}.${end}`, { force: true });
  });

  /** As the head does with its node list. */
  function watch(targets: readonly Target[]): void {
    state.take({ kind: 'listed', nodes: listedNodes(targets) });
    fleet.setTargets(targets);
  }
  const stateOf = (name: string) => state.report(name)?.state;
  const live = (name: string) => expect.poll(() => stateOf(name), { timeout: 15_000 }).toBe('live');
  const pidOf = (name: string) => state.report(name)?.hello?.pid ?? 0;

  it('watches nodes with the real monitor, adds and removes some without touching the others', async () => {
    start();
    watch(targetsOf(`${a}\n${b}`));
    await Promise.all([live(a), live(b)]);
    const [pidA, pidB] = [pidOf(a), pidOf(b)];
    watch(targetsOf(`${b}\n${c}`));
    await live(c);
    expect(stateOf(a)).toBeUndefined();
    expect(pidOf(b)).toBe(pidB);
    await expect.poll(() => existsSync(`/proc/${pidA}`), { timeout: 5_000 }).toBe(false);
    const report = state.report(b);
    expect(report?.sample?.memory?.totalBytes).toBeGreaterThan(0);
    const memory = state.recent(b, null)?.series.find(({ key }) => key === 'memory');
    expect(memory?.values[0]).toBeGreaterThan(0);
    expect(JSON.parse(readFileSync(`/tmp/monitor-${b}.json`, 'utf8'))).toMatchObject({
      name: b,
      hello: { pid: pidB },
    });
    const log = readFileSync(report?.logPath ?? '', 'utf8');
    expect(log).toContain(`head ${headId} connected through local`);
    expect(log).toContain(`monitor ${headId} started`);
    const farewells: string[] = [];
    await fleet.stop(3_000, (name, farewell) => farewells.push(`${name} ${farewell}`));
    expect(farewells.sort()).toEqual([`${b} ended`, `${c} ended`]);
    expect(existsSync(`/proc/${pidB}`)).toBe(false);
  });

  it('starts a monitor again that was killed, and says what happened meanwhile', async () => {
    start();
    watch(targetsOf(a));
    await live(a);
    const pid = pidOf(a);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => state.report(a)?.cause, { timeout: 3_000 }).toBe('monitor-crashed');
    expect(state.report(a)).toMatchObject({ state: 'unreachable', hello: { pid } });
    await live(a);
    expect(pidOf(a)).not.toBe(pid);
  });

  it('calls a stopped monitor stale, opens anew, and the newcomer ends the forgotten one', async () => {
    start();
    watch(targetsOf(a));
    await live(a);
    const pid = pidOf(a);
    process.kill(pid, 'SIGSTOP');
    await expect
      .poll(() => state.report(a), { timeout: 8_000 })
      .toMatchObject({ state: 'stale', cause: 'monitor-silent' });
    await expect.poll(() => pidOf(a) !== pid && stateOf(a), { timeout: 25_000, interval: 200 }).toBe('live');
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  }, 45_000);

  it('retries with growing waits, at once on demand', async () => {
    const { transport, attempts } = refusingTransport('refused');
    start(() => transport);
    watch(targetsOf(a));
    await expect.poll(() => state.report(a)?.cause).toBe('refused');
    await expect.poll(attempts, { timeout: 6_000 }).toBeGreaterThanOrEqual(3);
    const before = attempts();
    expect(fleet.retry(a)).toBe(true);
    await expect.poll(attempts, { timeout: 300, interval: 20 }).toBe(before + 1);
    expect(fleet.retry('nobody')).toBe(false);
  });

  it('goes on after a mistake of its own, which it tells, and tries again on demand', async () => {
    let attempts = 0;
    const clumsy: Transport = {
      ...local,
      open: (target, open) => {
        attempts += 1;
        return attempts > 2 ? local.open(target, open) : Promise.reject(new TypeError('x is not a function'));
      },
    };
    start(() => clumsy);
    watch(targetsOf(a));
    await expect.poll(() => state.report(a)?.cause).toBe('head-error');
    expect(state.report(a)?.message).toContain('x is not a function');
    expect(state.report(a)?.hint).toContain('retry');
    await expect.poll(() => attempts, { timeout: 6_000 }).toBeGreaterThanOrEqual(2);
    expect(fleet.retry(a)).toBe(true);
    await live(a);
    expect(readFileSync(state.report(a)?.logPath ?? '', 'utf8')).toContain('TypeError: x is not a function');
  });

  it('loses no node to a row that cannot be kept', async () => {
    start();
    let broken = 0;
    emit = (event) => {
      if (event.kind === 'sample' && event.name === a) broken += 1;
      if (event.kind === 'sample' && event.name === a && broken < 3)
        throw new RangeError('the row is broken');
      state.take(event);
    };
    watch(targetsOf(`${a}\n${b}`));
    await expect
      .poll(() => state.report(a), { timeout: 15_000 })
      .toMatchObject({ cause: 'head-error', message: expect.stringContaining('the row is broken') });
    await Promise.all([live(a), live(b)]);
  });

  it('does not knock again after a refused login until keys or settings change', async () => {
    const { transport, attempts } = refusingTransport('auth');
    start(() => transport);
    watch(targetsOf(a));
    await expect.poll(() => state.report(a)?.cause).toBe('auth');
    const startedMs = performance.now();
    await expect.poll(() => performance.now() - startedMs, { timeout: 4_000 }).toBeGreaterThan(3_000);
    expect(attempts()).toBe(1);
    fingerprint = 'y';
    await expect.poll(attempts, { timeout: 3_000 }).toBe(2);
  });

  it('asks nodes that somebody looks at for samples more often, within a second, and back again', async () => {
    start();
    watch(targetsOf(`${a}\n${b}`));
    await Promise.all([live(a), live(b)]);
    const intervalOf = (name: string) => state.report(name)?.sample?.intervalMs;
    expect([intervalOf(a), intervalOf(b)]).toEqual([300, 300]);
    fleet.setWatched((name) => name === a);
    await expect.poll(() => intervalOf(a), { timeout: 1_000, interval: 20 }).toBe(200);
    fleet.setWatched(() => false);
    await expect.poll(() => intervalOf(a), { timeout: 1_000, interval: 20 }).toBe(300);
    expect(intervalOf(b)).toBe(300);
  });

  it('is heard at the slower pace at once, however many samples wait for a beat', async () => {
    start();
    fleet.setWatched(() => true);
    const slow = { ...defaultNodeSettings, intervalMs: 10_000, watchedIntervalMs: 200 };
    watch(createNodeSettings(slow, [])(parseNodeList(a, 'list').targets));
    await live(a);
    // More than a monitor of the slower pace leaves unacknowledged, and no beat meanwhile.
    await expect.poll(() => state.report(a)?.sample?.sequence, { timeout: 10_000 }).toBeGreaterThan(6);
    fleet.setWatched(() => false);
    await expect.poll(() => state.report(a)?.sample?.intervalMs, { timeout: 1_000 }).toBe(10_000);
  });

  it('starts what is watched at the pace of those who look', async () => {
    start();
    fleet.setWatched(() => true);
    watch(targetsOf(a));
    await live(a);
    expect(state.report(a)?.sample?.intervalMs).toBe(200);
  });

  it('leaves a node alone that is switched off, and says so', async () => {
    const { transport, attempts } = refusingTransport('refused');
    start(() => transport);
    const [target] = targetsOf(a);
    if (!target) throw new Error('no target');
    watch([{ ...target, settings: { ...target.settings, enabled: false, tags: ['attic'] } }]);
    expect(state.report(a)).toMatchObject({ state: 'disabled', cause: null, tags: ['attic'] });
    expect(state.report(a)?.message).toContain('rollcall.toml');
    expect(fleet.retry(a)).toBe(false);
    expect(attempts()).toBe(0);
  });

  it('lets one node fail without another noticing', async () => {
    const { transport } = refusingTransport('refused');
    start((name) => (name === a ? transport : local));
    watch(targetsOf(`${a}\n${b}`));
    await live(b);
    expect(state.report(a)?.state).toBe('unreachable');
  });

  it('leaves no monitor when the head is killed', async () => {
    start();
    watch([]);
    const head = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        `
        import { createLocalTransport } from ${JSON.stringify(new URL('../transport/local.ts', import.meta.url).href)};
        import { openMonitor } from ${JSON.stringify(new URL('../transport/bootstrap/monitor-link.ts', import.meta.url).href)};
        const gzip = Buffer.from(${JSON.stringify(Buffer.from(monitor.gzip).toString('base64'))}, 'base64');
        const link = await openMonitor({
          transport: createLocalTransport(process.env), target: ${JSON.stringify(targetsOf(c)[0])},
          way: { node: 'c', sshWords: [], host: 'c', port: 22 }, headId: 'killed', intervalMs: 300,
          monitor: { build: 't', gzip, nvmlKits: {} },
          runtimes: { forMachine: async () => null }, signal: new AbortController().signal, onMessage: () => 0,
        });
        console.log(link.hello.pid);
        await new Promise(() => setInterval(() => 0, 1000));`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [said] = (await once(head.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    head.kill('SIGKILL');
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 3_000 }).toBe(false);
  });

  it('is checked step by step, one node beside another', async () => {
    start();
    watch([]);
    const steps: string[] = [];
    const done: string[] = [];
    const [good, bad, off] = targetsOf(`${a}\n${b}\n${c}`);
    if (!good || !bad || !off) throw new Error('no targets');
    const { transport: refusing } = refusingTransport('refused');
    const checked = await checkNodes(
      [good, bad, { ...off, settings: { ...off.settings, enabled: false } }],
      {
        transportFor: (target) => (target === good ? local : refusing),
        wayFor: (target) => wayTo(target, null),
        monitor,
        runtimes: noRuntimes,
        concurrency: 2,
      },
      { onStep: (name, step) => steps.push(`${name} ${step}`), onDone: ({ name }) => done.push(name) },
    );
    const passed = ['login', 'shell', 'runtime', 'monitor', 'GPUs'];
    expect(steps).toEqual(passed.map((step) => `${a} ${step}`));
    expect(done.sort()).toEqual([a, b, c].sort());
    expect(checked).toMatchObject([
      { name: a, transport: 'local', failed: null },
      { name: b, transport: 'ssh2', passed: [], failed: { step: 'name', failure: { cause: 'refused' } } },
      { name: c, transport: null, passed: [], failed: null },
    ]);
    expect(checked[0]?.passed.map(({ step }) => step)).toEqual(passed);
  });
});

describe('backoff', () => {
  it('grows to a limit, is jittered, and starts again', () => {
    const backoff = createBackoff(() => 1);
    const waits = Array.from({ length: 11 }, () => backoff.next());
    expect(waits).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000,
    ]);
    backoff.reset();
    expect(backoff.next()).toBe(1_000);
    expect(createBackoff(() => 0).next()).toBe(500);
  });
});
