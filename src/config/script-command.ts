import { join } from 'node:path';
import { shellQuote } from '../lib/shell-quote.ts';

export type ScriptName = 'rollcall' | 'run_monitor.sh' | 'kill_monitor.sh';

/** One of the project's scripts as it can be typed in a folder: relative in the project's own, else in full and quoted. */
export function scriptCommand(
  name: ScriptName,
  { projectFolder, workingFolder }: { projectFolder: string; workingFolder: string },
): string {
  const relative = join('scripts', name);
  return workingFolder === projectFolder ? relative : shellQuote(join(projectFolder, relative));
}
