import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixturesFolder } from '../../../test/fixtures.ts';
import { createLeash } from '../leash.ts';
import { createSystem } from '../system.ts';
import { namesGpuDriver, parseGpuMessage } from './gpu-messages.ts';
import { type KernelLog, openKernelLog } from './kernel-log.ts';
import { parseJournalLine, parseKmsg } from './kernel-records.ts';

describe('messages about GPUs', () => {
  it.each([
    [
      "NVRM: Xid (PCI:0000:b3:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
      { kind: 'xid', code: 79, severity: 'critical', pciAddress: '00000000:b3:00.0', pid: null },
    ],
    [
      'NVRM: Xid (PCI:0000:41:00): 31, pid=4711, name=python, Ch 00000008, MMU Fault: ENGINE GRAPHICS',
      { kind: 'xid', code: 31, severity: 'warning', pciAddress: '00000000:41:00.0', pid: 4711 },
    ],
    [
      'NVRM: Xid (0000:05:00): 56, CMDre 00000001',
      { code: 56, severity: 'error', pciAddress: '00000000:05:00.0' },
    ],
    [
      'NVRM: Xid (PCI:0000:3b:00 GPU-I:02): 94, pid=815, name=python, Contained: SM (0x1). RST: No, D-RST: No',
      { kind: 'xid', code: 94, severity: 'error', pciAddress: '00000000:3b:00.0', pid: 815 },
    ],
    [
      'NVRM: Xid (PCI:0000:3b:00 GPU-I:02 GPU-CI:00): 31, pid=815, name=python, Ch 00000008',
      { code: 31, severity: 'warning', pciAddress: '00000000:3b:00.0', pid: 815 },
    ],
    [
      'NVRM: Xid (PCI:0009:01:00): 149, NETIR_LINK_EVT  Fatal   XC0 i0 Link 03 (0x004505c6 0x00000000)',
      { code: 149, severity: 'critical', pciAddress: '00000009:01:00.0' },
    ],
    [
      'NVRM: Xid (PCI:0009:01:00): 145, RLW_REMAP Nonfatal XC1 i0 Link 03 (0x00000004 0x00000000)',
      { code: 145, severity: 'error' },
    ],
    [
      'NVRM: Xid (PCI:0000:3b:00): 154, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)',
      { code: 154, severity: 'critical' },
    ],
    [
      'NVRM: Xid (PCI:0000:3b:00): 154, GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)',
      { code: 154, severity: 'info' },
    ],
    [
      'nvidia-nvswitch1: SXid (PCI:0000:c4:00.0): 20034, Fatal, Link 30 LTSSM Fault Up',
      { kind: 'kernel', severity: 'critical', pciAddress: '00000000:c4:00.0' },
    ],
    [
      'nvidia-nvswitch1: SXid (PCI:0000:c4:00.0): 20009, Non-fatal, Link 30 RX Short Error Rate',
      { severity: 'warning' },
    ],
    ['nvidia-nvswitch1: SXid (PCI:0000:c4:00.0): 26006, SOE HALTED', { severity: 'error' }],
    [
      "NVRM: API mismatch: the client 'python' (pid 815) NVRM: has the version 570.86.15",
      { kind: 'kernel', severity: 'error', pid: 815 },
    ],
    [
      'NVRM: GPU 0000:41:00.0: RmInitAdapter failed! (0x62:0x40:1860)',
      { kind: 'kernel', severity: 'critical', code: null },
    ],
    [
      'amdgpu 0000:c1:00.0: amdgpu: ring gfx_0.0.0 timeout, signaled seq=1, emitted seq=2',
      { kind: 'kernel', severity: 'error', pciAddress: '00000000:c1:00.0' },
    ],
    [
      'i915 0000:00:02.0: [drm] GPU HANG: ecode 12:1:85dffffb',
      { severity: 'error', pciAddress: '00000000:00:02.0', pid: null },
    ],
    ['i915 0000:00:02.0: [drm] GPU HANG: ecode 12:1:85dffffb, in blender [4711]', { pid: 4711 }],
  ])('%s', (line, expected) => {
    expect(parseGpuMessage(line)).toMatchObject(expected);
    // What is not worth reading is never parsed.
    expect(namesGpuDriver(line)).toBe(true);
  });

  it.each([
    'usb 1-1: new device',
    'NVRM: loading NVIDIA UNIX x86_64 Kernel Module  535.104.05',
    'nvidia-nvswitch1: SXid (PCI:0000:c4:00.0): 20034, Severity 1 Engine instance 30 Sub-engine instance 00',
    'nvidia-nvswitch1: SXid (PCI:0000:c4:00.0): 20034, Data {0x50610002, 0x10100030, 0x00000000}',
    '',
  ])('leaves %j alone', (line) => {
    expect(parseGpuMessage(line)).toBeNull();
  });

  it('are never trusted', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const message = parseGpuMessage(`NVRM: Xid (PCI:0000:01:00): 13, ${text}`);
        expect(message?.text.length ?? 0).toBeLessThanOrEqual(500);
        parseKmsg(text);
        parseJournalLine(text);
      }),
    );
  });

  it.runIf(fixturesFolder)('are found in a real log', () => {
    const log = readFileSync(join(fixturesFolder ?? '', 'nvidia/dmesg/gpud-xid-119.txt'), 'utf8');
    const messages = log
      .split('\n')
      .flatMap((line) => parseGpuMessage(line.replace(/^\[[^\]]*\] /, '')) ?? []);
    expect(messages.filter(({ code }) => code === 119)).toHaveLength(5);
    expect(messages[0]).toMatchObject({ pid: 2024380, pciAddress: '00000000:9b:00.0', severity: 'critical' });
    // The rate limit's message says that the GPU likely needs a reset.
    expect(messages).toHaveLength(6);
  });
});

describe('records', () => {
  it('of the kernel count, those that a user wrote do not', () => {
    const text = '6,1,1000000,-;one\n SUBSYSTEM=pci\n14,2,2000000,-;two\n4,3,3000000,c;three\n';
    expect(parseKmsg(text)).toEqual([
      { sinceBootUs: 1_000_000, atMs: null, text: 'one' },
      { sinceBootUs: 3_000_000, atMs: null, text: 'three' },
    ]);
  });

  it('of several lines are one', () => {
    const [record] = parseKmsg(
      '3,4,4000000,-;NVRM: The NVIDIA GPU 0000:b3:00.0\\x0aNVRM: fallen off the bus\n',
    );
    expect(record?.text).toBe('NVRM: The NVIDIA GPU 0000:b3:00.0 NVRM: fallen off the bus');
  });

  it('of the journal have a time', () => {
    expect(parseJournalLine('1740327858.123456 node7 kernel: NVRM: x')).toEqual({
      sinceBootUs: null,
      atMs: 1_740_327_858_123,
      text: 'NVRM: x',
    });
    expect(parseJournalLine('1740327858.123456 node7 sudo[1]: NVRM: x')).toBeNull();
  });
});

describe('the kernel log', () => {
  let folder = '';
  let log: KernelLog | null = null;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kernel-log-'));
    for (const part of ['dev', 'proc', 'bin']) mkdirSync(join(folder, part));
    writeFileSync(join(folder, 'proc/uptime'), '1000.00 2000.00\n');
  });
  afterEach(() => {
    log?.stop();
    rmSync(folder, { recursive: true });
  });
  const open = () => {
    const system = createSystem({ root: folder, programFolders: [join(folder, 'bin')] });
    return openKernelLog(system, createLeash(system));
  };
  const XID = 'NVRM: Xid (PCI:0000:41:00): 48, pid=7, name=python';

  it('tells what was there and what comes, once each', () => {
    const kmsg = join(folder, 'dev/kmsg');
    writeFileSync(kmsg, `6,1,900000000,-;${XID}\n`);
    log = open();
    const [event] = log.drain();
    expect(event).toMatchObject({ code: 48, pid: 7 });
    // 900 s after a start that was 1,000 s ago.
    expect(Math.abs((event?.atMs ?? 0) - (Date.now() - 100_000))).toBeLessThan(2_000);
    expect(log.drain()).toEqual([]);
    appendFileSync(kmsg, '6,2,901000000,-;usb\n6,3,902000000,-;NVRM: Xid (PCI:0000:41:00): 79\n');
    expect(log.drain().map(({ code }) => code)).toEqual([79]);
  });

  it('keeps the newest of very many', () => {
    const lines = Array.from({ length: 300 }, (_, at) => `6,${at},1,-;NVRM: Xid (PCI:0000:41:00): ${at}\n`);
    writeFileSync(join(folder, 'dev/kmsg'), lines.join(''));
    log = open();
    const events = log.drain();
    expect(events).toHaveLength(100);
    expect(events.at(-1)?.code).toBe(299);
  });

  it('follows the journal where the device may not be read', async () => {
    const lines = [
      `1740327858.123456 node kernel: ${XID}`,
      '1740327859.123456 node kernel: NVRM: The NVIDIA GPU 0000:b3:00.0',
      '                               NVRM: fallen off the bus and is not responding to commands.',
    ];
    const program = join(folder, 'bin/journalctl');
    writeFileSync(
      program,
      `#!/bin/sh\necho "$@" > ${folder}/args\necho '${lines.join('\n')}'\nexec sleep 100\n`,
      { mode: 0o755 },
    );
    const system = createSystem({ root: folder, programFolders: [join(folder, 'bin')] });
    const leash = createLeash(system);
    // A program's path is not moved with the root.
    log = openKernelLog({ ...system, findProgram: () => program }, leash);
    const current = log;
    await expect
      .poll(() => current.drain(), { timeout: 10_000 })
      .toMatchObject([
        { code: 48, atMs: 1_740_327_858_123 },
        { severity: 'critical', pciAddress: '00000000:b3:00.0' },
      ]);
    expect(readFileSync(join(folder, 'args'), 'utf8')).toContain('--follow');
    log.stop();
    leash.release();
  });

  it('reads the real device where this user may', () => {
    if (!existsSync('/dev/kmsg')) return;
    const system = createSystem();
    const descriptor = system.openStream('/dev/kmsg');
    if (descriptor === null) return;
    let text: string | null = '';
    let records = 0;
    for (let reads = 0; reads < 20_000 && text !== null; reads++) {
      text = system.readNext(descriptor);
      records += parseKmsg(text ?? '').length;
    }
    // It came to the end and did not wait there.
    expect(text).toBeNull();
    expect(records).toBeGreaterThan(0);
    system.close(descriptor);
  });
});
