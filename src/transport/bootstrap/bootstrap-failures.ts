import type { Stage } from '../../report/causes.ts';
import type { FailureDetail } from '../../report/failure-detail.ts';
import type { ChannelEnd } from '../transport.ts';
import type { NodeMark } from './bootstrap.ts';
import { explainLoginWords, explainNologin, NOLOGIN_EXIT_CODE } from './login-words.ts';

/** What a login says when there is no shell for commands; from sshd, nologin(8) and shells. */
const NO_SHELL =
  /account is currently not available|restricted|nologin|no such file or directory|not found|permission denied|unknown command|command not recognized|unrecognized command/i;
/** Programs that are no shells and were given `-c COMMAND`: they know no such option, or another language. */
const OTHER_PROGRAM =
  /invalid option -- '?c|unrecognized option|Try '.{1,60}--help'|^SyntaxError: |illegal option -- c/i;
/** A login goes on after these. */
const PASSING = /^Could not chdir to home directory|^Warning: /i;
const OTHER_SERVICE = /allows sftp connections only|not allowed to execute|forced|only .* allowed/i;

const howItEnded = (end: ChannelEnd) =>
  end.signal ? `ended by ${end.signal}` : `exit code ${end.exitCode ?? 'unknown'}`;

/** Why a monitor ended by itself; `farewell` is what it gave as its reason. */
export function explainFarewell(farewell: string | null, end: ChannelEnd): FailureDetail {
  // A head that slept is no crash of its monitors.
  if (farewell !== null && /^the (?:head said nothing|connection to the head) /.test(farewell))
    return { cause: 'closed', stage: null, detail: `the monitor left, because ${farewell}` };
  return { cause: 'monitor-crashed', detail: farewell ?? howItEnded(end) };
}

/** Why a login ended before the monitor said hello. */
export function explainEarlyEnd(stage: Stage, end: ChannelEnd, lastLines: readonly string[]): FailureDetail {
  const how = howItEnded(end);
  if (stage === 'shell') return explainEndOfLogin(end, how, lastLines);
  const known = explainLoginWords(lastLines);
  if (known?.cause === 'node-limit') return known;
  if (stage === 'runtime')
    return { cause: 'no-runtime', detail: `the upload ended with ${how}`, hint: INSTALL };
  return { cause: 'monitor-crashed', detail: `before its first message, ${how}` };
}

function explainEndOfLogin(end: ChannelEnd, how: string, lastLines: readonly string[]): FailureDetail {
  const lines = lastLines.filter((line) => !PASSING.test(line));
  const last = lines.at(-1) ?? lastLines.at(-1) ?? 'it said nothing';
  if (lines.some((line) => OTHER_SERVICE.test(line))) return { cause: 'forced-command', detail: last };
  // What ended well has done what it was made for: something else than our command.
  if (end.exitCode === 0) return { cause: 'forced-command', detail: `${last} (${how})` };
  const known = explainLoginWords(lines);
  if (known !== null) return known;
  if (end.exitCode === NOLOGIN_EXIT_CODE && lines.length > 0) return explainNologin(lines);
  if (lines.some((line) => OTHER_PROGRAM.test(line))) return { cause: 'no-shell', detail: last };
  if (lines.some((line) => NO_SHELL.test(line)) || end.exitCode === 127)
    return { cause: 'no-shell', detail: last };
  if (end.exitCode === 1 && lines.length === 0)
    return { cause: 'no-shell', detail: `the login ended with ${how}` };
  return { cause: 'login-ended', detail: `${last} (${how})` };
}

const INSTALL = 'Install Node.js 18.15 or later on the node, or make room for a shipped one in ~/.cache.';

/** Why nothing can be shipped. */
export function explainMissingRuntime(mark: NodeMark, installCommand: string | null): FailureDetail {
  if (mark.system === '' || mark.machine === '') {
    return {
      cause: 'no-runtime',
      detail: 'it has no Node.js 18.15 or later, and no uname that says what could run there',
      hint: "Mend the PATH in the account's start-up files (it should hold /usr/bin and /bin), or install Node.js.",
    };
  }
  const machine = `${mark.system} ${mark.machine}`;
  return {
    cause: 'no-runtime',
    detail: `it has no Node.js 18.15 or later, and the head has none for ${machine}`,
    hint:
      mark.system === 'Linux' && installCommand
        ? `On the head, in Rollcall's folder: ${installCommand}`
        : 'Install Node.js 18.15 or later on the node.',
  };
}

/** Reads the folders out of `no-space:/home/u/.cache/rollcall noexec:/tmp/rollcall-1000`. */
function foldersWith(detail: string, reason: string): string[] {
  return detail
    .split(' ')
    .filter((word) => word.startsWith(`${reason}:`))
    .map((word) => word.slice(reason.length + 1));
}

/** Why an upload failed, from the uploading shell's words. */
export function explainUploadFailure(reason: string, detail: string, rawBytes: number): FailureDetail {
  const neededMiB = Math.ceil(rawBytes / 1024 / 1024);
  if (reason === 'start') {
    return /permission denied/i.test(detail)
      ? { cause: 'noexec', folders: ['~/.cache/rollcall'] }
      : { cause: 'libc', detail };
  }
  const full = foldersWith(detail, 'no-space');
  const noexec = foldersWith(detail, 'noexec');
  // The first folder that was tried is the one that people want: the home directory before /tmp.
  const first = /\b(?:no-space|noexec)(?=:)/.exec(detail)?.[0];
  if (first === 'no-space') return { cause: 'no-space', folders: full, neededMiB };
  if (first === 'noexec') return { cause: 'noexec', folders: noexec };
  if (reason === 'write') return { cause: 'no-space', folders: [detail], neededMiB };
  const text =
    reason === 'damaged' ? `the runtime arrived damaged in ${detail}` : `no folder to put one in:${detail}`;
  return { cause: 'no-runtime', detail: text, hint: INSTALL };
}
