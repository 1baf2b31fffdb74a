import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Design, openDesign } from './design.ts';
import { writeTemplates } from './templates.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const SHOWN_WITHIN_MS = 1_000;

describe('the design file of a running head', () => {
  let folder: string;
  let design: Design | null = null;
  let heard: (() => void) | null = null;
  const file = () => join(folder, 'index-design.html');

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-design-'));
    mkdirSync(join(folder, 'templates'));
    cpSync(join(root, 'index-design.html'), file());
    cpSync(join(root, 'templates/views.html'), join(folder, 'templates/views.html'));
  });
  afterEach(() => {
    design?.close();
    design = null;
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async () => {
    design = await openDesign({ design: join(folder, 'index-design.html'), projectFolder: folder }, () =>
      heard?.(),
    );
    return design;
  };

  /** Rejects where the change is not taken in time. */
  function taken(change: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the change was not taken')), SHOWN_WITHIN_MS);
      heard = () => {
        clearTimeout(timer);
        resolve();
      };
      change();
    });
  }

  const edit = (path: string, from: string, to: string) =>
    writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));

  test('is taken within a second, saved in place or replaced, and so is the file of the other views', async () => {
    const opened = await open();
    await taken(() => edit(file(), '>Quick Access<', '>At hand<'));
    expect(opened.templates().page).toContain('>At hand<');
    await taken(() => {
      writeFileSync(`${file()}.new`, readFileSync(file(), 'utf8').replace('>At hand<', '>Near<'));
      renameSync(`${file()}.new`, file());
    });
    expect(opened.templates().page).toContain('>Near<');
    await taken(() => edit(join(folder, 'templates/views.html'), '>All jobs<', '>Every job<'));
    expect(opened.templates().page).toContain('>Every job<');
    expect(opened.problems()).toEqual([]);
  });

  test('with a mistake is named, and the last good one stays until it is mended', async () => {
    const opened = await open();
    const good = opened.templates();
    await taken(() => edit(file(), 'data-text="node.name"', 'data-text="nod.name"'));
    expect(opened.templates()).toBe(good);
    expect(opened.problems()).toEqual([
      expect.stringMatching(/^index-design\.html:\d+: <.*"nod" is not known/),
    ]);
    await taken(() => edit(file(), 'data-text="nod.name"', 'data-text="node.name"'));
    expect(opened.problems()).toEqual([]);
    expect(opened.templates()).toEqual(good);
  });

  test('that goes away is a problem, not an end', async () => {
    const opened = await open();
    await taken(() => rmSync(file()));
    expect(opened.problems()[0]).toContain('index-design.html');
    expect(opened.templates().parts.length).toBeGreaterThan(3);
  });

  test('broken at the start: what was written last is shown, or the mistake ends the start', async () => {
    await writeTemplates({ design: join(folder, 'index-design.html'), projectFolder: folder });
    const good = (await open()).templates();
    design?.close();
    edit(file(), 'data-each="node in nodes"', 'data-each="node of nodes"');
    const opened = await open();
    expect(opened.templates()).toEqual(good);
    expect(opened.problems()[0]).toContain('data-each="node of nodes"');
    opened.close();
    rmSync(join(folder, 'templates/page.eta'));
    await expect(open()).rejects.toThrow('data-each="node of nodes"');
  });
});
