import { spawn } from 'node:child_process';
import * as files from 'node:fs';
import { closeSync, constants, openSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { Config } from '../config/config.ts';
import { defaultStateDir } from '../config/setting-paths.ts';
import { openStateFolder } from '../config/state-folder.ts';
import { reachableAddresses } from '../head/own-names.ts';
import { openBoundedLog } from '../lib/bounded-log.ts';
import { shellQuote } from '../lib/shell-quote.ts';
import { renderStatusText } from '../render/text/nodes-text.ts';
import { plainStyle } from '../render/text/text-style.ts';
import { askSecrets } from './ask-secrets.ts';
import { environment } from './environment.ts';
import { awaitFirstResults } from './first-results.ts';
import { type HeadClient, requireHead } from './head-client.ts';
import { scriptHere } from './here.ts';
import { isOnTerminal } from './read-secret.ts';
import { UsageError } from './usage/usage-error.ts';

const START_LIMIT_MS = 30_000;
/** The nodes' first results are waited for so long at most: a start is done when the head serves. */
const RESULTS_LIMIT_MS = 2_500;
/** More lines than a screen has help nobody. */
const MAX_NODE_LINES = 50;

/**
 * libuv looks names up in at most half of its threads, and a dead resolver keeps one for half a minute: with
 * the default of four, two such names would hold up all others.
 */
const THREADS = '64';

type Greeting = { url: string } | { error: string };

/** Starts the head as a process of its own and says where its page is. Throws `UsageError` with its reason. */
export async function startInBackground(config: Config, args: readonly string[]): Promise<void> {
  const folder = openStateFolder(config.stateDir);
  boundLog(folder.logPath);
  const log = openSync(
    folder.logPath,
    constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW,
    0o600,
  );
  const program = process.argv[1] ?? '';
  const child = spawn(process.execPath, [...process.execArgv, program, ...args, '--foreground'], {
    detached: true,
    env: { UV_THREADPOOL_SIZE: THREADS, ...askingEnvironment(config.environment) },
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  // It has no terminal, and does not hear what is typed here.
  const giveUp = () => {
    child.kill('SIGTERM');
    console.error('\nrollcall: stopped before the page was served; nothing was started');
    process.exit(130);
  };
  process.on('SIGINT', giveUp).on('SIGTERM', giveUp);
  const greeting = await greetingOf(child);
  process.off('SIGINT', giveUp).off('SIGTERM', giveUp);
  if (child.connected) child.disconnect();
  child.unref();
  if ('error' in greeting) throw new UsageError(`${greeting.error}\n(log: ${folder.logPath})`);
  const head = requireHead(config);
  await tellNodes(head);
  if (isOnTerminal() && (await askSecrets(head)).answers > 0) await tellNodes(head);
  tellAddress(config, greeting.url, folder.logPath);
}

/** As with ssh, who sits at a terminal is asked there, unless a program is to ask in any case. */
function askingEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isFree = environment.SSH_ASKPASS_REQUIRE === undefined && isOnTerminal();
  return isFree ? { ...environment, SSH_ASKPASS_REQUIRE: 'never' } : environment;
}

/** The head says little in a run; what many runs said is halved here. */
function boundLog(path: string): void {
  const uid = process.getuid?.() ?? 0;
  openBoundedLog(
    { files, paths: [path], uid, tag: 'start', now: () => new Date() },
    'starting the head',
  ).close();
}

function greetingOf(child: ReturnType<typeof spawn>): Promise<Greeting> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve({ error: `the head did not serve within ${START_LIMIT_MS / 1000} s` });
    }, START_LIMIT_MS);
    const finish = (greeting: Greeting) => {
      clearTimeout(timer);
      resolve(greeting);
    };
    child.once('message', (message) => finish(message as Greeting));
    child.once('error', (error) => finish({ error: error.message }));
    child.once('exit', (code, signal) =>
      finish({ error: `the head ended at once (${signal ?? `exit code ${code}`})` }),
    );
  });
}

async function tellNodes(head: HeadClient): Promise<void> {
  const { nodes, problems } = await awaitFirstResults(head, RESULTS_LIMIT_MS);
  for (const problem of problems) console.log(`problem: ${problem}`);
  process.stdout.write(renderStatusText(nodes, plainStyle, MAX_NODE_LINES));
  if (nodes.length > MAX_NODE_LINES)
    console.log(`… and ${nodes.length - MAX_NODE_LINES} more nodes: ${scriptHere('rollcall')} status`);
}

const isAnyAddress = (host: string) => host === '0.0.0.0' || host === '::';

/** As it can be typed here: what is not where it usually is has to be named. */
function stopCommand({ stateDir, demo }: Config): string {
  const script = scriptHere('kill_monitor.sh');
  if (stateDir === defaultStateDir(environment)) return script;
  if (demo && stateDir === defaultStateDir(environment, true)) return `${script} --demo`;
  return `${script} --state-dir ${shellQuote(stateDir)}`;
}

function tellAddress(config: Config, url: string, logPath: string): void {
  const { port } = new URL(url);
  if (config.public && isAnyAddress(config.host)) {
    // Nobody elsewhere can type 0.0.0.0.
    const [name = hostname(), ...others] = [hostname(), ...reachableAddresses()].map(
      (host) => `http://${host}:${port}/`,
    );
    console.log(`\nThe page: ${name}${others.length > 0 ? `   or ${others.join(', ')}` : ''}`);
  } else {
    console.log(`\nThe page: ${url}`);
  }
  if (!config.public) {
    console.log(
      `From your desk: ssh -N -L ${port}:127.0.0.1:${port} ${userInfo().username}@${hostname()}   then open http://localhost:${port}/`,
    );
  }
  console.log(`The head's log: ${logPath}   Stop it: ${stopCommand(config)}`);
}
