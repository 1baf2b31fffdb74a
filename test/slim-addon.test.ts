import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { slimAddon } from '../scripts/slim-addon.mjs';

/** What is shipped of koffi's addon to nodes with NVML. */

const packageOf = (architecture: string) => `@koromix/koffi-linux-${architecture}`;
const found = createRequire(import.meta.url).resolve(packageOf(process.arch));
const addon = readFileSync(join(found, '..', `linux_${process.arch}`, 'koffi.node'));

describe('the addon without what is not used of it', () => {
  it('calls functions with numbers, buffers and texts, and finds none that are not there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'addon-'));
    try {
      const path = join(folder, 'slim.node');
      writeFileSync(path, slimAddon(addon));
      const program = `
        const { load } = require(${JSON.stringify(path)});
        const libc = load('libc.so.6');
        const buffer = Buffer.from('1234 and more');
        let absent = 'found';
        try { libc.func('no_such_function', 'int', []) } catch { absent = 'absent' }
        console.log(JSON.stringify([
          libc.func('getpid', 'int', [])() === process.pid,
          libc.func('atoi', 'int', ['void *'])(buffer),
          libc.func('memset', 'uint64_t', ['void *', 'int', 'uint64_t'])(buffer, 65, 3) > 0n,
          buffer.toString(),
          absent,
        ]));`;
      const said = execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' });
      expect(JSON.parse(said)).toEqual([true, 1234, true, 'AAA4 and more', 'absent']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is of the same size, half of what travelled is left', () => {
    const slim = slimAddon(addon);
    expect(slim.length).toBe(addon.length);
    expect(gzipSync(slim).length).toBeLessThan(gzipSync(addon).length * 0.5);
  });

  it('is refused where the addon is built in another way', () => {
    expect(() => slimAddon(Buffer.from('not an addon'))).toThrow('no ELF file');
    const other = Buffer.from(addon);
    // The name of the first symbol that is looked for.
    other.write('Xrampoline0\0', other.indexOf('\0Trampoline0\0') + 1, 'latin1');
    expect(() => slimAddon(other)).toThrow('no Trampoline0');
  });
});
