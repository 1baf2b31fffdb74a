import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Config } from '../config/config.ts';
import { compileDesign } from '../design/compile.ts';
import type { CompiledTemplates, PartTemplate } from '../lib/compiled-templates.ts';
import { fileReason } from '../lib/file-reason.ts';
import type { RowKind } from '../lib/row-kinds.ts';
import { createPageRenderer } from '../render/page.ts';

const OTHER_VIEWS = 'views.html';

/** Where a page comes from: a design, which may be anywhere, and the project's views for what the design lacks. */
export type DesignSource = Pick<Config, 'design' | 'projectFolder'>;

/** The files that a page is made of. */
export const designFiles = ({ design, projectFolder }: DesignSource) => [
  design,
  join(projectFolder, 'templates', OTHER_VIEWS),
];

/** Compiles the design in memory. Rejects with its mistake. */
export async function compileDesignFile(source: DesignSource): Promise<CompiledTemplates> {
  const [html = '', otherHtml = ''] = await Promise.all(designFiles(source).map(readDesign));
  const name = basename(source.design);
  const compiled = compileDesign(html, name, { html: otherHtml, name: `templates/${OTHER_VIEWS}` });
  // A template that cannot be rendered is refused here, not at the first visitor.
  createPageRenderer(compiled);
  return compiled;
}

async function readDesign(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`the design ${file} cannot be read: ${fileReason(error)}`);
  });
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
export async function writeTemplates(source: DesignSource): Promise<string[]> {
  const compiled = await compileDesignFile(source);
  const folder = join(source.projectFolder, 'templates');
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
