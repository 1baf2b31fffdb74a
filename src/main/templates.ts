import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileDesign } from '../design/compile.ts';
import type { CompiledTemplates } from '../lib/compiled-templates.ts';
import { createPageRenderer } from '../render/page.ts';

const DESIGN_FILE = 'index-design.html';

/** Compiles the design in memory; a design with a mistake leaves the last templates written, and says so. */
export async function loadTemplates(projectFolder: string, problems: string[]): Promise<CompiledTemplates> {
  try {
    return await compileDesignFile(projectFolder);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    return readWrittenTemplates(projectFolder).catch(() => {
      throw error;
    });
  }
}

async function compileDesignFile(projectFolder: string): Promise<CompiledTemplates> {
  const compiled = compileDesign(await readFile(join(projectFolder, DESIGN_FILE), 'utf8'), DESIGN_FILE);
  // A template that cannot be rendered is refused here, not at the first visitor.
  createPageRenderer(compiled);
  return compiled;
}

async function readWrittenTemplates(projectFolder: string): Promise<CompiledTemplates> {
  const read = (name: string) => readFile(join(projectFolder, 'templates', name), 'utf8');
  return { page: await read('page.eta'), node: await read('node.eta') };
}

/** Turns the design file into `templates/`; hands back the files written. Rejects with the design's mistake. */
export async function writeTemplates(projectFolder: string): Promise<string[]> {
  const compiled = await compileDesignFile(projectFolder);
  const folder = join(projectFolder, 'templates');
  await mkdir(folder, { recursive: true });
  const files = [
    { path: join(folder, 'page.eta'), text: compiled.page },
    { path: join(folder, 'node.eta'), text: compiled.node },
  ];
  for (const { path, text } of files) {
    await writeFile(`${path}.tmp`, text);
    await rename(`${path}.tmp`, path);
  }
  return files.map((file) => file.path);
}
