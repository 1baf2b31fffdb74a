import { unwatchFile, watchFile } from 'node:fs';
import type { CompiledTemplates } from '../lib/compiled-templates.ts';
import { compileDesignFile, designFiles, readWrittenTemplates } from './templates.ts';

/** The design as it is served: the last good one, while its file is looked at. */
export interface Design {
  templates(): CompiledTemplates;
  /** What is wrong with the file as it is now. */
  problems(): string[];
  close(): void;
}

/** Files are asked for their times, not listened to: that works over NFS and for files that are replaced. */
const LOOK_EVERY_MS = 400;

const sentenceOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * Compiles the design, and again whenever its file changes; `onChange` is called then. A design with a mistake leaves
 * the last good one in place; at the start that is the one written by `rollcall template`. Rejects where there is none.
 */
export async function openDesign(projectFolder: string, onChange: () => void): Promise<Design> {
  let problem: string | null = null;
  let templates = await compileDesignFile(projectFolder).catch(async (error) => {
    problem = sentenceOf(error);
    return readWrittenTemplates(projectFolder).catch(() => Promise.reject(error));
  });
  let round = 0;

  async function look(): Promise<void> {
    round += 1;
    const own = round;
    try {
      const compiled = await compileDesignFile(projectFolder);
      if (own !== round) return;
      templates = compiled;
      problem = null;
    } catch (error) {
      if (own !== round) return;
      problem = sentenceOf(error);
    }
    onChange();
  }

  const files = designFiles(projectFolder);
  for (const file of files) watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, look);
  return {
    templates: () => templates,
    problems: () => (problem === null ? [] : [problem]),
    close() {
      round += 1;
      for (const file of files) unwatchFile(file, look);
    },
  };
}
