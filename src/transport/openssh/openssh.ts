import { userInfo } from 'node:os';
import { basename } from 'node:path';
import type { Target } from '../../nodes/target.ts';
import type { Stage } from '../../report/causes.ts';
import type { Way } from '../../report/failure-detail.ts';
import type { AskpassPass, AskpassServer } from '../secrets/askpass-server.ts';
import { passwordRequest } from '../secrets/secret-request.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { INSTALL_SSH } from '../settings/ask-ssh.ts';
import { ToolMissingError } from '../settings/run-tool.ts';
import { createSettingsResolver, type SettingsResolver } from '../settings/ssh-settings.ts';
import { givenUp, StepError, toTransportError } from '../ssh-step-error.ts';
import { connectStageMs, sessionStageMs } from '../stage-limits.ts';
import { createStageWatch } from '../stage-watch.ts';
import type { Channel, OpenOptions, Transport } from '../transport.ts';
import { wayTo } from '../way.ts';
import { hopName, hopsBefore, type OpensshHop, opensshWords } from './command.ts';
import { explainStory } from './failure.ts';
import { createLogPipe } from './log-pipe.ts';
import { type OpensshProcess, startOpenssh } from './process.ts';
import { createProgress, type OpensshProgress } from './progress.ts';
import { createPromptDesk } from './prompts.ts';
import { resolveRoute } from './route.ts';

export interface OpensshTransportOptions {
  /** As `ssh -F`. */
  sshConfigFile: string | null;
  environment: NodeJS.ProcessEnv;
  /** A folder of our own for named pipes; made where missing. */
  folder: string;
  home?: string;
  /** Of each stage; the node's own setting unless given. */
  stageMs?: number;
  /** Both or neither: without them nothing is asked (`BatchMode`). */
  secrets?: Secrets;
  askpass?: AskpassServer;
  resolver?: SettingsResolver;
}

export interface OpensshTransport extends Transport {
  /** As `open`; with `batch` it asks nothing, whatever there is to answer with. */
  open(target: Target, options: OpenOptions & { batch?: boolean }): Promise<Channel>;
}

/** Logs in with the system's ssh as a child process, for what ssh2 cannot do. */
export function createOpensshTransport(options: OpensshTransportOptions): OpensshTransport {
  const { sshConfigFile, environment, folder, home = userInfo().homedir } = options;
  const { secrets, askpass } = options;
  const resolver = options.resolver ?? createSettingsResolver({ sshConfigFile, home, environment });

  async function attempt(
    { command, signal, onStage = () => undefined, batch = false }: OpenOptions & { batch?: boolean },
    hop: OpensshHop,
    way: Way,
    stageMs: number,
  ): Promise<Channel> {
    const { settings } = hop;
    const connectMs = connectStageMs(stageMs, settings);
    const sessionMs = sessionStageMs(stageMs, settings);
    const limitMsOf = (stage: Stage) => (stage === 'login' || stage === 'shell' ? sessionMs : connectMs);
    let running: OpensshProcess | null = null;
    let pass: AskpassPass | null = null;
    const watch = createStageWatch((stage, limitMs) =>
      running?.fail(new StepError({ cause: 'timeout', stage, limitMs })),
    );
    const accounts = [hop, ...hopsBefore(hop)].map((host) => host.settings);
    const canAsk = !batch && secrets !== undefined && askpass !== undefined;
    const desk = canAsk ? createPromptDesk(secrets, accounts, () => running?.fail(explain([]))) : null;
    const progress: OpensshProgress = createProgress({
      user: settings.user,
      proxy: proxyName(hop),
      onPassed: onStage,
      onEnter(stage) {
        if (stage !== null) return watch.enter(stage, limitMsOf(stage));
        watch.stop();
        desk?.succeeded();
        if (progress.method === 'publickey' && !progress.hadPartialSuccess)
          secrets?.keyWorked(passwordRequest(settings));
        running?.opened();
      },
    });
    const explain = (errorOutput: readonly string[]) =>
      explainStory({ hop, way, sshConfigFile, stageMs: connectMs, progress, desk, errorOutput });
    const log = await createLogPipe(folder, (line) => progress.take(line));
    try {
      if (desk !== null && askpass !== undefined) pass = await askpass.admit((prompt) => desk.answer(prompt));
      if (signal.aborted) throw givenUp();
      watch.enter('name', connectMs);
      running = startOpenssh({
        words: opensshWords({
          ...hop,
          sshConfigFile,
          batch: !canAsk,
          logPath: log.path,
          mayBeShared: settings.controlPath !== null,
          command,
          connectMs,
        }),
        environment: { ...environment, ...pass?.environment, LC_ALL: 'C' },
        log,
        progress,
        signal,
        explain,
        explainLoss: () => toTransportError(way, explain([])).failure,
      });
      return { ...(await running.channel), way, stageMs: sessionMs };
    } finally {
      watch.stop();
      pass?.end();
      if (running === null) log.finish();
    }
  }

  return {
    name: 'openssh',
    async open(target, openOptions) {
      let way = wayTo(target, sshConfigFile);
      try {
        if (openOptions.signal.aborted) throw givenUp();
        const hop = await resolveRoute(resolver, { host: target.host, user: target.user, port: target.port });
        const { hostName, port, user } = hop.settings;
        way = { ...way, host: hostName, port, user };
        return await attempt(openOptions, hop, way, options.stageMs ?? target.settings.stageMs);
      } catch (error) {
        throw toTransportError(way, missingTool(error));
      }
    },
    dispose: () => undefined,
  };
}

function proxyName({ via, settings }: OpensshHop): string | null {
  if (via !== null) return `jump host ${hopName(via)}`;
  return settings.proxy.kind === 'command' ? 'the ProxyCommand' : null;
}

function missingTool(error: unknown): unknown {
  if (!(error instanceof ToolMissingError)) return error;
  const hint = `Install it: ${error.tool === 'ssh' ? INSTALL_SSH : 'apt-get install coreutils'}`;
  return new StepError({ cause: 'tool-missing', tool: basename(error.tool), hint });
}
