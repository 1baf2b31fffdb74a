import { execFileSync } from 'node:child_process';
import * as files from 'node:fs';
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBoundedLog } from './bounded-log.ts';
import { createLineSplitter } from './line-splitter.ts';
import { nodeFileName } from './node-file-name.ts';
import { shellCommand } from './shell-quote.ts';
import { visibleText } from './visible-text.ts';

describe('shellCommand', () => {
  it('is split by a real shell into the same words', () => {
    const word = fc.string({ minLength: 1 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const said = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${shellCommand(words)}`]).toString(
          'utf8',
        );
        expect(said.split('\0').slice(0, -1)).toEqual(
          words.map((text) => Buffer.from(text).toString('utf8')),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('nodeFileName', () => {
  it('is one to one and has no slash', () => {
    expect(nodeFileName('ann@gpu01:2222')).toBe('ann@gpu01:2222');
    expect(nodeFileName('a/b%c')).toBe('a%2fb%25c');
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(nodeFileName(a)).toMatch(/^[A-Za-z0-9._@:%-]*$/);
        const same = Buffer.from(a).equals(Buffer.from(b));
        expect(nodeFileName(a) === nodeFileName(b)).toBe(same);
      }),
    );
  });
});

describe('visibleText', () => {
  it('lets no control character through', () => {
    expect(visibleText('a\u001b[31mb\n\u009bc')).toBe('a\\x1b[31mb\\x0a\\x9bc');
    const control = /[\u0000-\u001f\u007f-\u009f]/;
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !control.test(visibleText(text))));
  });
});

describe('createLineSplitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const line = fc.string().map((text) => text.replaceAll('\n', ''));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 7 })), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const found: string[] = [];
        const splitter = createLineSplitter(
          1000,
          (text) => found.push(text),
          () => undefined,
        );
        let at = 0;
        for (const size of [...cuts, bytes.length]) {
          splitter.push(bytes.subarray(at, at + size));
          at += size;
        }
        splitter.push(bytes.subarray(at));
        expect(found).toEqual(lines.map((text) => Buffer.from(text).toString('utf8')));
      }),
    );
  });

  it('reports a line that is too long once and keeps none of it', () => {
    const lines: string[] = [];
    let tooLong = 0;
    const splitter = createLineSplitter(
      10,
      (text) => lines.push(text),
      () => tooLong++,
    );
    for (let count = 0; count < 100; count++) splitter.push(Buffer.from('xxxxx'));
    splitter.push(Buffer.from('\nnext\n'));
    expect({ lines, tooLong }).toEqual({ lines: ['next'], tooLong: 1 });
  });
});

describe('openBoundedLog', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'log-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const uid = process.getuid?.() ?? 0;
  const now = () => new Date(0);
  const open = (paths: string[], maxBytes?: number) =>
    openBoundedLog({ files, paths, uid, tag: 'head x', now, ...(maxBytes ? { maxBytes } : {}) }, 'begin');

  it('writes whole tagged lines without control characters, with mode 0600', () => {
    const path = join(folder, 'a.log');
    const log = open([path]);
    log.write('bad\nline\u001b');
    log.close();
    expect(readFileSync(path, 'utf8')).toBe(
      '1970-01-01T00:00:00.000Z head x begin\n1970-01-01T00:00:00.000Z head x bad\\x0aline\\x1b\n',
    );
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('follows no link and takes the second path', () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'mine');
    symlinkSync(victim, join(folder, 'a.log'));
    const log = open([join(folder, 'a.log'), join(folder, 'b.log')]);
    log.close();
    expect(log.path).toBe(join(folder, 'b.log'));
    expect(readFileSync(victim, 'utf8')).toBe('mine');
  });

  it('refuses a file with two names, one that others can read, and a pipe', () => {
    writeFileSync(join(folder, 'one'), '', { mode: 0o600 });
    linkSync(join(folder, 'one'), join(folder, 'two'));
    writeFileSync(join(folder, 'open'), '', { mode: 0o644 });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const log = open(['two', 'open', 'pipe'].map((name) => join(folder, name)));
    expect(log.path).toBeNull();
    expect(log.problem).toContain('pipe');
  });

  it('is bounded, keeps the older half, and other writers keep writing', () => {
    const path = join(folder, 'a.log');
    const one = open([path], 2000);
    const other = open([path], 2000);
    for (let count = 0; count < 200; count++)
      (count % 2 ? one : other).write(`line ${count} ${'x'.repeat(50)}`);
    expect(statSync(path).size).toBeLessThan(2200);
    expect(existsSync(`${path}.1`)).toBe(true);
    expect(readFileSync(path, 'utf8')).toContain('line 199');
    one.close();
    other.close();
  });

  it('cuts long lines', () => {
    const path = join(folder, 'a.log');
    const log = open([path]);
    log.write('y'.repeat(10_000));
    log.close();
    expect(
      Math.max(
        ...readFileSync(path, 'utf8')
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBe(2048);
  });
});
