import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeTree, type FakeTree } from '../../../../test/support/fake-tree.ts';
import { createLeash, type Leash } from '../../leash.ts';
import { createSystem, type System } from '../../system.ts';
import { isForOtherNodes, noneHere } from '../kernel/elsewhere.ts';
import { createToolRuns, type ToolQuestion, type ToolRuns } from './tool-runs.ts';

const POLL = { timeout: 15_000, interval: 20 };

describe('a tool that answers once and ends', () => {
  let tree: FakeTree;
  let leash: Leash;
  let system: System;
  let runs: ToolRuns;
  let skippedMs = 0;

  /** Lets a shell script stand in for the tool; each run leaves a line in the log. */
  function start(script: string, questions: ToolQuestion[]): void {
    tree.write({ tool: `#!/bin/sh\necho "$1" >> ${tree.root}/log\n${script}` });
    chmodSync(join(tree.root, 'tool'), 0o700);
    runs = createToolRuns({ system, leash, program: join(tree.root, 'tool'), questions: () => questions });
    runs.start(1_000);
  }

  const log = () =>
    existsSync(join(tree.root, 'log'))
      ? readFileSync(join(tree.root, 'log'), 'utf8').split('\n').slice(0, -1)
      : [];
  const taking = (args: string[], take: (text: string) => boolean = () => true): ToolQuestion => ({
    args,
    take,
  });

  beforeEach(() => {
    skippedMs = 0;
    tree = createFakeTree();
    const real = createSystem();
    system = { ...real, monotonicMs: () => real.monotonicMs() + skippedMs };
    leash = createLeash(system);
  });
  afterEach(() => {
    runs?.stop();
    leash.release();
    tree.remove();
  });

  it('asks the questions one after the other, and rests while nobody watches', async () => {
    start('echo yes', [taking(['a']), taking(['b'])]);
    await expect.poll(() => runs.state().kind, POLL).toBe('ticking');
    expect(log()).toEqual(['a', 'b']);
    // Nobody watches: the next round is due in ten seconds. Somebody does: at once, by the rest that is over.
    skippedMs = 9_000;
    runs.setInterval(1_000, false);
    expect(log()).toEqual(['a', 'b']);
    runs.setInterval(1_000, true);
    await expect.poll(log, POLL).toEqual(['a', 'b', 'a', 'b']);
  });

  it('rests nine times as long as it ran, however short the interval', async () => {
    start('sleep 0.3; echo yes', [taking(['a'])]);
    runs.setInterval(200, true);
    await expect.poll(() => runs.state().kind, POLL).toBe('ticking');
    const answeredMs = system.monotonicMs();
    await expect.poll(() => log().length, POLL).toBe(2);
    expect(system.monotonicMs() - answeredMs).toBeGreaterThan(2_000);
  });

  it('takes an answer for one whatever the exit code, and tells the words where there is none', async () => {
    start('echo "42"; echo "a warning" >&2; exit 2', [taking(['a'], (text) => text === '42\n')]);
    await expect.poll(() => runs.state().kind, POLL).toBe('ticking');
    runs.stop();
    start('echo "no such\n option" >&2; exit 2', [taking(['a'], () => false), taking(['never'])]);
    await expect
      .poll(() => runs.state(), POLL)
      .toEqual({ kind: 'ended', reason: 'no such option · exit code 2' });
    expect(log()).not.toContain('never');
  });

  it('keeps the answers of others where an optional question fails', async () => {
    const failing = { ...taking(['a'], () => false), isOptional: true };
    start('echo sorry >&2; exit 1', [failing, taking(['b'])]);
    await expect.poll(() => runs.state().kind, POLL).toBe('ticking');
    expect(runs.problem()).toBe('sorry · exit code 1');
  });

  it('takes a parser that throws for no answer', async () => {
    const throwing = () => {
      throw new Error('rubbish');
    };
    start('echo "{"', [taking(['a'], throwing)]);
    await expect.poll(() => runs.state().kind, POLL).toBe('ended');
  });

  it('ends a tool that prints without end', async () => {
    start('exec yes', [taking(['a'], () => false)]);
    await expect.poll(() => runs.state().kind, POLL).toBe('ended');
    expect(runs.state()).toMatchObject({ reason: expect.stringMatching(/ended by SIGKILL$/) });
    const { reason } = runs.state() as { reason: string };
    expect(reason.length).toBeLessThan(500);
  });

  it('kills a tool that hangs for long, and starts no other before it is gone', async () => {
    start('exec sleep 1000', [taking(['a'], () => false)]);
    await expect.poll(() => log().length, POLL).toBe(1);
    skippedMs = 15_000;
    expect(runs.state().kind).toBe('silent');
    runs.setInterval(500, true);
    skippedMs = 40_000;
    expect(runs.state().kind).toBe('silent');
    expect(log()).toHaveLength(1);
    await expect.poll(() => runs.state(), POLL).toMatchObject({ kind: 'ended', reason: 'ended by SIGKILL' });
  });
});

describe('a tool on a node that has no such GPU', () => {
  const failed = (error: string) => ({ ...noneHere, error });
  let tree: FakeTree;
  const isElsewhere = (error: string) =>
    isForOtherNodes(createSystem({ root: tree.root }), ['0x1002'], failed(error));

  beforeEach(() => {
    tree = createFakeTree();
    tree.write({ '/sys/bus/pci/devices/0000:00:00.0/vendor': '0x1002' });
    tree.write({ '/sys/bus/pci/devices/0000:00:00.0/class': '0x060000' });
  });
  afterEach(() => tree.remove());

  it.each([
    'rocm-smi ended: ERROR:root:Driver not initialized (amdgpu not found in modules)',
    'No AMD GPUs found',
  ])('is silent after %s', (words) => expect(isElsewhere(words)).toBe(true));

  it('speaks of other errors, where there is a GPU, and where the bus cannot be read', () => {
    expect(isElsewhere('amd-smi ended: Segmentation fault')).toBe(false);
    tree.write({ '/sys/bus/pci/devices/0000:03:00.0/vendor': '0x1002' });
    tree.write({ '/sys/bus/pci/devices/0000:03:00.0/class': '0x120000' });
    expect(isElsewhere('No AMD GPUs found')).toBe(false);
    tree.remove('/sys');
    expect(isElsewhere('No AMD GPUs found')).toBe(false);
  });
});
