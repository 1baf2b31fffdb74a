import { spawn } from 'node:child_process';

/** Runs a program that asks a person, as ssh runs SSH_ASKPASS. Resolves to the first line that it prints, or null. */
export type AskpassProgram = (prompt: string, signal: AbortSignal) => Promise<string | null>;

/** A person may be away from the screen. */
const LIMIT_MS = 5 * 60_000;
const MAX_BYTES = 4096;

/** The person has 5 minutes; then, and where the program fails or says nothing, the answer is null. */
export function createAskpassProgram(program: string, environment: NodeJS.ProcessEnv): AskpassProgram {
  return (prompt, signal) =>
    new Promise((resolve) => {
      const child = spawn(program, [prompt], {
        env: environment,
        stdio: ['ignore', 'pipe', 'ignore'],
        detached: true,
        signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
        killSignal: 'SIGKILL',
      });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(0, MAX_BYTES);
      });
      child.once('error', () => resolve(null));
      child.once('close', (code) => {
        const answer = said.split(/[\r\n]/)[0] ?? '';
        resolve(code === 0 && answer !== '' ? answer : null);
      });
    });
}

/** The program that ssh itself would ask without a terminal: `force` always, else where there is a display. */
export function askpassOf(setting: string | null, environment: NodeJS.ProcessEnv): string | null {
  if (setting !== null) return setting;
  const { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: required } = environment;
  if (!program || required === 'never') return null;
  const hasDisplay = Boolean(environment.DISPLAY || environment.WAYLAND_DISPLAY);
  return required === 'force' || hasDisplay ? program : null;
}
