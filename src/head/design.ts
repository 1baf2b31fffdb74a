import { stat } from 'node:fs/promises';
import type { CompiledTemplates } from '../lib/compiled-templates.ts';
import { compileDesignFile, type DesignSource, designFiles, readWrittenTemplates } from './templates.ts';

/** The design as it is served: the last good one, while its file is looked at. */
export interface Design {
  templates(): CompiledTemplates;
  /** What is wrong with the file as it is now. */
  problems(): string[];
  close(): void;
}

/** Files are asked for their times, not listened to: that works over NFS and for files that are replaced. */
const LOOK_EVERY_MS = 500;

const sentenceOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Another text whenever one of the files was saved, replaced, removed or came. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = files.map(async (file) => {
    try {
      const { mtimeNs, ino, size } = await stat(file, { bigint: true });
      return `${mtimeNs} ${ino} ${size}`;
    } catch {
      return 'none';
    }
  });
  return (await Promise.all(stamps)).join('\n');
}

/**
 * Compiles the design, and again whenever its file changes; `onChange` is called then. A design with a mistake leaves
 * the last good one in place; at the start that is the one written by `rollcall template`. Rejects where there is none.
 */
export async function openDesign(source: DesignSource, onChange: () => void): Promise<Design> {
  const files = designFiles(source);
  // Before the file is read: what is saved meanwhile is a change.
  let stamp = await stampOf(files);
  let problem: string | null = null;
  let templates = await compileDesignFile(source).catch(async (error) => {
    problem = sentenceOf(error);
    return readWrittenTemplates(source.projectFolder).catch(() => Promise.reject(error));
  });
  let timer: NodeJS.Timeout | null = null;

  async function take(): Promise<void> {
    try {
      templates = await compileDesignFile(source);
      problem = null;
    } catch (error) {
      problem = sentenceOf(error);
    }
  }

  async function look(): Promise<void> {
    const now = await stampOf(files);
    if (now !== stamp) {
      stamp = now;
      await take();
      if (timer !== null) onChange();
    }
    if (timer !== null) lookLater();
  }

  function lookLater(): void {
    timer = setTimeout(look, LOOK_EVERY_MS).unref();
  }

  lookLater();
  return {
    templates: () => templates,
    problems: () => (problem === null ? [] : [problem]),
    close() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
}
