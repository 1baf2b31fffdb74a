import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileDesign } from '../design/compile.ts';
import type { CompiledTemplates, PartTemplate, RowKind } from '../lib/compiled-templates.ts';
import { createPageRenderer } from '../render/page.ts';

const DESIGN_FILE = 'index-design.html';
const OTHER_VIEWS = 'views.html';

/** The files that a page is made of. */
export const designFiles = (projectFolder: string) => [
  join(projectFolder, DESIGN_FILE),
  join(projectFolder, 'templates', OTHER_VIEWS),
];

/** Compiles the design in memory. Rejects with its mistake. */
export async function compileDesignFile(projectFolder: string): Promise<CompiledTemplates> {
  const [html, otherHtml] = await Promise.all([
    readFile(join(projectFolder, DESIGN_FILE), 'utf8'),
    readFile(join(projectFolder, 'templates', OTHER_VIEWS), 'utf8'),
  ]);
  const compiled = compileDesign(html, DESIGN_FILE, { html: otherHtml, name: `templates/${OTHER_VIEWS}` });
  // A template that cannot be rendered is refused here, not at the first visitor.
  createPageRenderer(compiled);
  return compiled;
}

/** A part's kind and element stand in its file's name: `part-0-nodes-li.eta`. */
const partFile = ({ kind, tag }: PartTemplate, number: number) => `part-${number}-${kind}-${tag}.eta`;
const PART_FILE = /^part-(\d+)-(nodes|gpus|jobs|users)-([a-z0-9-]+)\.eta$/;

/** What `writeTemplates` wrote last. */
export async function readWrittenTemplates(projectFolder: string): Promise<CompiledTemplates> {
  const folder = join(projectFolder, 'templates');
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  const named = (await readdir(folder)).map((name) => PART_FILE.exec(name)).filter((match) => match !== null);
  named.sort((a, b) => Number(a[1]) - Number(b[1]));
  const parts = await Promise.all(
    named.map(async ([name, , kind, tag]) => ({
      kind: kind as RowKind,
      tag: tag ?? '',
      template: await read(name),
    })),
  );
  const written = { page: await read('page.eta'), parts };
  createPageRenderer(written);
  return written;
}

/** Turns the design file into `templates/`; hands back the files written. Rejects with the design's mistake. */
export async function writeTemplates(projectFolder: string): Promise<string[]> {
  const compiled = await compileDesignFile(projectFolder);
  const folder = join(projectFolder, 'templates');
  await mkdir(folder, { recursive: true });
  const files = [
    { name: 'page.eta', text: compiled.page },
    ...compiled.parts.map((part, number) => ({ name: partFile(part, number), text: part.template })),
  ];
  for (const old of await readdir(folder))
    if (PART_FILE.test(old) && !files.some(({ name }) => name === old)) await rm(join(folder, old));
  for (const { name, text } of files) {
    await writeFile(join(folder, `${name}.tmp`), text);
    await rename(join(folder, `${name}.tmp`), join(folder, name));
  }
  return files.map(({ name }) => join(folder, name));
}
