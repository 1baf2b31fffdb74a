import { userInfo } from 'node:os';
import { basename } from 'node:path';
import type { Target } from '../nodes/target.ts';
import { createFailure, type Way } from '../protocol/failures.ts';
import type { AskpassServer } from './askpass-server.ts';
import { acceptCommand } from './host-key-check.ts';
import { knownHostsName } from './known-hosts.ts';
import { createLogPipe } from './log-pipe.ts';
import { hopName, hopsBefore, keepaliveOf, type OpensshHop, opensshWords } from './openssh-command.ts';
import { explainHop, explainOpenssh, type OpensshContext } from './openssh-errors.ts';
import { startOpenssh } from './openssh-process.ts';
import { createProgress, type OpensshProgress } from './openssh-progress.ts';
import { createPromptDesk, type PromptDesk } from './openssh-prompts.ts';
import { resolveRoute } from './openssh-route.ts';
import { ToolMissingError } from './run-tool.ts';
import type { Secrets } from './secrets.ts';
import { createSettingsResolver, INSTALL_SSH, type SettingsResolver } from './ssh-settings.ts';
import { givenUp, StepError, toTransportError } from './ssh-step-error.ts';
import { createStageWatch } from './stage-watch.ts';
import type { Channel, OpenOptions, Transport } from './transport.ts';
import { wayTo } from './way.ts';

export interface OpensshTransportOptions {
  /** As `ssh -F`. */
  sshConfigFile: string | null;
  environment: NodeJS.ProcessEnv;
  /** A folder of our own for named pipes; made where missing. */
  folder: string;
  home?: string;
  /** Of each stage. */
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

const STAGE_MS = 10_000;
const KEPT_LINES = 8;

/** Logs in with the system's ssh as a child process, for what ssh2 cannot do. */
export function createOpensshTransport(options: OpensshTransportOptions): OpensshTransport {
  const { sshConfigFile, environment, folder, home = userInfo().homedir } = options;
  const { secrets, askpass, stageMs = STAGE_MS } = options;
  const resolver = options.resolver ?? createSettingsResolver({ sshConfigFile, home, environment });

  async function attempt(
    { command, signal, onStage = () => undefined, batch = false }: OpenOptions & { batch?: boolean },
    hop: OpensshHop,
    way: Way,
  ): Promise<Channel> {
    const { settings } = hop;
    const proxy =
      hop.via !== null
        ? `jump host ${hopName(hop.via)}`
        : settings.proxy.kind === 'command'
          ? 'the ProxyCommand'
          : null;
    const mute = batch || secrets === undefined || askpass === undefined;
    let isStuck = false;
    const watch = createStageWatch((stage, limitMs) =>
      running?.fail(new StepError({ cause: 'timeout', stage, limitMs })),
    );
    const desk = mute
      ? null
      : createPromptDesk(
          secrets,
          [hop, ...hopsBefore(hop)].map((host) => host.settings),
          () => {
            isStuck = true;
            running?.fail(explain([]));
          },
        );
    const progress = createProgress({
      user: settings.user,
      proxy,
      onPassed: onStage,
      onEnter(stage) {
        if (stage === null) {
          watch.stop();
          desk?.succeeded();
          pass?.end();
          running?.opened();
        } else watch.enter(stage, stageMs);
      },
      onSaid(line) {
        const wrong = /^Load key "(.+)": incorrect passphrase/.exec(line);
        if (wrong?.[1]) desk?.passphraseWrong(wrong[1]);
      },
    });
    const explain = (errorOutput: readonly string[]) =>
      explainFailure({ hop, way, progress, desk, isStuck, errorOutput });
    const pass = desk === null ? null : await askpass?.admit((prompt) => desk.answer(prompt));
    const log = await createLogPipe(folder, (line) => progress.take(line));
    const running = signal.aborted
      ? null
      : startOpenssh({
          words: opensshWords({
            ...hop,
            sshConfigFile,
            batch: mute,
            logPath: log.path,
            mayBeShared: settings.controlPath !== null,
            command,
            stageMs,
          }),
          environment: { ...environment, ...pass?.environment, LC_ALL: 'C' },
          log,
          progress,
          signal,
          explain,
          explainLoss: () => toTransportError(way, explain([])).failure,
        });
    watch.enter('name', stageMs);
    try {
      if (running === null) throw givenUp();
      return await running.channel;
    } finally {
      watch.stop();
      pass?.end();
      if (running === null) log.finish();
    }
  }

  function contextOf(hop: OpensshHop, way: Way, progress: OpensshProgress): OpensshContext {
    const { settings } = hop;
    const keepalive = keepaliveOf(settings);
    return {
      stage: progress.stage,
      user: settings.user,
      tried: [],
      said: progress.said,
      errorOutput: [],
      proxied: progress.proxied,
      hostKey: progress.hostKey,
      offendingFile: progress.offendingFile,
      lookup: knownHostsName(settings),
      acceptCommand: acceptCommand(way.sshWords),
      stageMs,
      silenceLimitMs: keepalive.intervalMs * keepalive.count,
    };
  }

  interface Story {
    hop: OpensshHop;
    way: Way;
    progress: OpensshProgress;
    desk: PromptDesk | null;
    /** It was ended because nobody could answer. */
    isStuck: boolean;
    errorOutput: readonly string[];
  }

  function explainFailure({ hop, way, progress, desk, isStuck, errorOutput }: Story): StepError {
    const context = { ...contextOf(hop, way, progress), tried: triedOf(progress, desk), errorOutput };
    const missing = desk?.missing() ?? [];
    const lastLines = [...errorOutput, ...progress.said].slice(-KEPT_LINES);
    const detail = isStuck && !progress.proxied ? stuckDetail(context) : explainOpenssh(context);
    if (detail.cause === 'auth') {
      const secretRefused = desk?.refused() ?? false;
      return new StepError({ ...detail, needs: missing, secretRefused }, lastLines, missing);
    }
    if (detail.cause === 'proxy' && hop.via !== null)
      return explainProxy(hop.via, { ...context, errorOutput }, desk, isStuck, lastLines);
    return new StepError(detail, lastLines, missing);
  }

  const stuckDetail = ({ user, tried }: OpensshContext) => ({ cause: 'auth' as const, user, tried });

  /** A jump host's failure, told as one of the way, with the host's own reason and hint. */
  function explainProxy(
    via: OpensshHop,
    context: OpensshContext,
    desk: PromptDesk | null,
    isStuck: boolean,
    lastLines: readonly string[],
  ): StepError {
    const missing = desk?.missing() ?? [];
    const culprit = [via, ...hopsBefore(via)].find(({ settings }) =>
      missing.some((request) => request.kind === 'password' && request.user === settings.user),
    );
    const hop = culprit ?? via;
    const { settings } = hop;
    const way = hopWay(hop);
    const { user } = settings;
    const found = isStuck
      ? ({ cause: 'auth', user, tried: [] } as const)
      : explainHop(context.errorOutput, {
          ...context,
          user,
          tried: [],
          hostKey: null,
          lookup: knownHostsName(settings),
          acceptCommand: acceptCommand(way.sshWords),
        });
    const last = context.errorOutput.at(-1) ?? 'it ended without a word';
    if (found === null || found.cause === 'proxy') {
      const detail = `jump host ${hopName(hop)}: ${found?.detail ?? last}`;
      return new StepError({ cause: 'proxy', detail }, lastLines, missing);
    }
    const told =
      found.cause === 'auth' ? { ...found, needs: missing, secretRefused: desk?.refused() ?? false } : found;
    const { message, hint, needsPerson } = createFailure(way, told, lastLines);
    const detail = `jump host ${hopName(hop)}: ${message}`;
    return new StepError({ cause: 'proxy', detail, hint, needsPerson }, lastLines, missing);
  }

  /** What a person types to reach a jump host. */
  function hopWay({ place, settings, via }: OpensshHop): Way {
    const way = wayTo({ name: place.host, ...place, local: false }, sshConfigFile);
    const [program = 'ssh', ...rest] = way.sshWords;
    const jump = via === null ? [] : ['-J', hopsBefore({ place, settings, via }).map(hopName).join(',')];
    return { ...way, sshWords: [program, ...jump, ...rest], host: settings.hostName, port: settings.port };
  }

  return {
    name: 'openssh',
    async open(target, openOptions) {
      let way = wayTo(target, sshConfigFile);
      try {
        if (openOptions.signal.aborted) throw givenUp();
        const hop = await resolveRoute(resolver, { host: target.host, user: target.user, port: target.port });
        way = { ...way, host: hop.settings.hostName, port: hop.settings.port };
        return await attempt(openOptions, hop, way);
      } catch (error) {
        throw toTransportError(way, missingTool(error));
      }
    },
    dispose: () => undefined,
  };
}

function missingTool(error: unknown): unknown {
  if (!(error instanceof ToolMissingError)) return error;
  const hint = `Install it: ${error.tool === 'ssh' ? INSTALL_SSH : 'apt-get install coreutils'}`;
  return new StepError({ cause: 'tool-missing', tool: basename(error.tool), hint });
}

/** Keys that were shown, and what the server would still take. */
function triedOf({ offered, methods }: OpensshProgress, desk: PromptDesk | null): string[] {
  const left =
    methods.length === 0 || methods.includes('publickey')
      ? []
      : [`the server takes only ${methods.join(', ')}`];
  const odd = (desk?.odd() ?? []).map(
    (text) => `the server asks "${text.slice(0, 80)}", which only a person can answer`,
  );
  return [...new Set(offered), ...odd, ...left];
}
