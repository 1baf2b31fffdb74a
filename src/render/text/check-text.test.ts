import { describe, expect, it } from 'vitest';
import { type CheckedNode, renderCheckTally, renderCheckText, renderTransport } from './check-text.ts';

const passed = (...steps: string[]) => steps.map((step) => ({ step, fact: 'x', tookMs: 1 }));
const nodes: CheckedNode[] = [
  {
    name: 'n1',
    transport: 'ssh2',
    transportReason: null,
    passed: passed('name', 'port', 'ssh banner', 'host key', 'login', 'shell', 'runtime', 'monitor', 'GPUs'),
    failed: null,
    tookMs: 1_240,
  },
  {
    name: 'n2',
    transport: 'openssh',
    transportReason: 'set for this node',
    passed: passed('name'),
    failed: {
      step: 'port',
      failure: {
        cause: 'refused',
        message: 'n2 refused.',
        hint: 'Start sshd.',
        lastLines: ['bad \u001b[2J'],
      },
    },
    tookMs: 90,
  },
  { name: 'n3', transport: null, transportReason: null, passed: [], failed: null, tookMs: 0 },
];

describe('the table of a check', () => {
  const lines = renderCheckText(nodes).split('\n');

  it('has a row for each node with every step, in columns', () => {
    expect(lines[0]?.split(/\s{2,}/)).toEqual(
      'NODE RESULT NAME PORT SSH_BANNER HOST_KEY LOGIN SHELL RUNTIME MONITOR GPUS BY TOOK'
        .split(' ')
        .map((word) => word.replace('_', ' ')),
    );
    expect(lines[1]?.split(/\s{2,}/)).toEqual(['n1', 'live', ...Array(9).fill('ok'), 'ssh2', '1.2 s']);
    expect(lines[2]).toMatch(/^n2 +FAILED +ok +FAILED +– .* openssh +0\.1 s$/);
    expect(lines[3]).toMatch(/^n3 +off +– /);
  });

  it('ends with the first failure of each node and its remedy, nothing of it live for a terminal', () => {
    expect(lines.slice(4)).toEqual([
      '',
      'n2',
      '  FAILED  port',
      '          n2 refused.',
      '          Start sshd.',
      '          | bad \\x1b[2J',
      '',
    ]);
  });

  it('says why other ways than the usual one were taken, for each reason once', () => {
    const reason = "the library was refused where the system's ssh was not: n1 has no common algorithm";
    const others = ['n4', 'n5', 'n6'].map(
      (name): CheckedNode => ({
        name,
        transport: 'openssh',
        transportReason: reason,
        passed: passed('name'),
        failed: null,
        tookMs: 9,
      }),
    );
    expect(renderCheckText(others)).toContain(`\nn[4-6] by openssh: ${reason}\n`);
    expect(renderTransport('openssh', 'x\u001b')).toBe('  by      openssh: x\\x1b');
  });

  it('is counted', () =>
    expect(renderCheckTally(nodes)).toBe('1 live, 1 failed, 1 switched off in rollcall.toml'));
});
