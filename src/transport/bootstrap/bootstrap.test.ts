import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endMonitorsCommand } from '../end-monitors.ts';
import {
  bootstrapCommand,
  parseMark,
  restrictedBootstrapCommand,
  startLine,
  uploadLine,
} from './bootstrap.ts';

describe('texts for a login shell', () => {
  it('hold nothing that a shell would take for its own', () => {
    for (const command of [bootstrapCommand('abc', null), endMonitorsCommand('n[1]:22', 'head')]) {
      const inside = /^exec \/bin\/sh -c '(.*)'$/s.exec(command)?.[1] ?? '';
      expect(inside).not.toBe('');
      expect(inside).not.toMatch(/['!\n]|\\\\/);
      // sash deletes these even within single quotes.
      expect(inside).not.toContain('$(');
    }
    expect(bootstrapCommand('abc', '/opt/node-20/bin/node')).toContain(
      'for f in /opt/node-20/bin/node node ',
    );
    expect(restrictedBootstrapCommand('abc', null).startsWith("sh -c '")).toBe(true);
    expect(bootstrapCommand('abc', null).length).toBeLessThan(4_000);
  });

  it('find a shipped runtime only where it is ours alone', () => {
    const home = mkdtempSync(join(tmpdir(), 'home-'));
    const folder = join(home, '.cache', 'rollcall');
    const runtime = join(folder, 'node-x');
    // Without the machine's own ones, which come first.
    const command = bootstrapCommand('abc', null).replace(
      / node "\$HOME"\/.cache(\S+).*?; do/,
      ' "$HOME"/.cache$1; do',
    );
    const found = () => {
      const said = execFileSync('/bin/sh', ['-c', command], {
        env: { HOME: home, PATH: '/usr/bin:/bin' },
        input: '\n',
      });
      return parseMark(said.toString(), 'abc')?.runtime;
    };
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(runtime, '#!/bin/sh\necho v20.0.0\n', { mode: 0o700 });
      expect(found()).toBe(runtime);
      for (const mode of [0o770, 0o707, 0o722]) {
        chmodSync(runtime, mode);
        expect(found()).toBeNull();
      }
      chmodSync(runtime, 0o755);
      expect(found()).toBe(runtime);
      renameSync(runtime, join(home, 'elsewhere'));
      symlinkSync(join(home, 'elsewhere'), runtime);
      expect(found()).toBeNull();
      rmSync(runtime);
      if (process.getuid?.() !== 0) return;
      writeFileSync(runtime, '#!/bin/sh\necho v20.0.0\n', { mode: 0o755 });
      chownSync(runtime, 65_534, 65_534);
      expect(found()).toBeNull();
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });

  it('do not hold their own mark: an echoed command is not taken for it', () => {
    expect(parseMark(bootstrapCommand('abc', null), 'abc')).toBeNull();
    expect(parseMark('noise: rollcall-abc Linux x86_64 1000 /opt/my node/bin/node', 'abc')).toEqual({
      system: 'Linux',
      machine: 'x86_64',
      uid: '1000',
      hasNvidiaDriver: false,
      runtime: '/opt/my node/bin/node',
    });
    expect(parseMark('rollcall-abc Linux x86_64 1000 nvidia /opt/my node/bin/node', 'abc')).toMatchObject({
      hasNvidiaDriver: true,
      runtime: '/opt/my node/bin/node',
    });
    expect(parseMark('rollcall-abc Linux x86_64 1000 nvidia ', 'abc')).toMatchObject({
      hasNvidiaDriver: true,
      runtime: null,
    });
    expect(parseMark('rollcall-abc Linux x86_64 1000 ', 'abc')?.runtime).toBeNull();
    expect(parseMark('rollcall-abc    /opt/node', 'abc')).toMatchObject({ system: '', machine: '' });
    expect(parseMark('rollcall-abc    ', 'abc')).toEqual({
      system: '',
      machine: '',
      uid: '',
      hasNvidiaDriver: false,
      runtime: null,
    });
    expect(parseMark('rollcall-abd Linux x86_64 1000 ', 'abc')).toBeNull();
  });

  it('are one line each, whatever the node is called', () => {
    const start = { payloadBytes: 1, build: 'b', nonce: 'n', intervalMs: 1, headId: 'h' };
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('\n')),
        (node) => {
          expect(
            startLine({ ...start, node })
              .trimEnd()
              .split('\n'),
          ).toHaveLength(1);
        },
      ),
    );
    const upload = uploadLine({ nonce: 'n', name: 'node-x', gzipBytes: 1, rawBytes: 1, rawSha256: 'x' });
    expect(upload.trimEnd().split('\n')).toHaveLength(1);
    expect(() => execFileSync('/bin/sh', ['-n', '-c', upload])).not.toThrow();
  });
});
