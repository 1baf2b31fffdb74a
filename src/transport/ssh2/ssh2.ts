import { userInfo } from 'node:os';
import type { Target } from '../../nodes/target.ts';
import type { Stage } from '../../report/causes.ts';
import type { Way } from '../../report/failure-detail.ts';
import { createFailure } from '../../report/failures.ts';
import { prepareHostKeyCheck } from '../host-keys/host-key-check.ts';
import { createKnownHosts, type KnownHosts } from '../host-keys/known-hosts.ts';
import type { AskpassServer } from '../secrets/askpass-server.ts';
import { openProxyQuestions } from '../secrets/proxy-questions.ts';
import type { PasswordRequest } from '../secrets/secret-request.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { createIdentityFiles, type IdentityFiles } from '../settings/identity-files.ts';
import { runTool } from '../settings/run-tool.ts';
import { formatHops, type Hop } from '../settings/ssh-hops.ts';
import { createSettingsResolver, type Place, type SettingsResolver } from '../settings/ssh-settings.ts';
import type { SshProxy, SshSettings } from '../settings/ssh-settings-parse.ts';
import { isGivenUp, StepError, toStepError, toTransportError } from '../ssh-step-error.ts';
import { connectStageMs, sessionStageMs } from '../stage-limits.ts';
import type { Transport } from '../transport.ts';
import { wayTo } from '../way.ts';
import { chooseAlgorithms } from './algorithms.ts';
import { openSsh2Channel } from './channel.ts';
import { createJumpPool, openJumpRoute } from './jump.ts';
import { createKeyOpener } from './locked-key.ts';
import { prepareLogin } from './login.ts';
import { startProxyCommand } from './proxy-command.ts';
import { type Route, Session, type SessionLimits } from './session.ts';
import { connectTcp } from './tcp-connect.ts';

export interface Ssh2TransportOptions {
  /** As `ssh -F`. */
  sshConfigFile: string | null;
  environment: NodeJS.ProcessEnv;
  /** ssh goes by the password file, not by HOME. */
  home?: string;
  /** `stageMs` is the node's own setting unless given. */
  limits?: Partial<SessionLimits>;
  /** Where passwords and passphrases come from; nobody is asked without. */
  secrets?: Secrets;
  /** Hears of logins by a key alone; `secrets` do so anyway. */
  onKeyLogin?: (account: PasswordRequest) => void;
  /** Answers the ssh of a ProxyCommand. */
  askpass?: AskpassServer;
  /** Shared with the other transports; its own unless given. */
  resolver?: SettingsResolver;
  knownHosts?: KnownHosts;
  identities?: IdentityFiles;
}

export interface Ssh2Transport extends Transport {
  /** What stands between: the next jump host, or the ProxyCommand without the node's own name. Never rejects. */
  jumpHostOf(target: Target): Promise<string | null>;
}

/** A dead peer is found after four intervals at most, 14 s. */
const keepaliveLimits = { keepaliveIntervalMs: 3_500, keepaliveCount: 2 };
const MAX_HOPS = 8;

/** One connection to be made: a node's, or that of a jump host on the way to it. */
interface Request {
  place: Place;
  /** Jump hosts that the next host's settings name before this one; they overrule its own. */
  via: Hop[];
  /** Places that wait for this one. */
  chain: string[];
  way: Way;
  signal: AbortSignal;
  demandedAtMs: number;
  /** Of each stage, as the node's settings say. */
  stageMs: number;
  /** It carries other connections. */
  isShared: boolean;
  onStage: (stage: Stage, fact: string) => void;
  onSettings?: (settings: SshSettings) => void;
}

const quiet = () => undefined;

/** Logs in with the library ssh2 as the user's own `ssh` would. */
export function createSsh2Transport(options: Ssh2TransportOptions): Ssh2Transport {
  const { sshConfigFile, environment, home = userInfo().homedir } = options;
  const userId = userInfo().uid;
  const resolver = options.resolver ?? createSettingsResolver({ sshConfigFile, home, environment });
  const knownHosts = options.knownHosts ?? createKnownHosts(runTool);
  const identities = options.identities ?? createIdentityFiles(home, userId);
  const secrets = options.secrets ?? null;
  const opener = secrets === null ? null : createKeyOpener(secrets);
  const jumps = createJumpPool();
  const onKeyLogin = options.onKeyLogin ?? ((account: PasswordRequest) => secrets?.keyWorked(account));

  async function establish(request: Request): Promise<Session> {
    const { place, via, way, signal, onStage, stageMs, isShared } = request;
    const settings = await resolver.resolve(place);
    request.onSettings?.(settings);
    const proxy: SshProxy = via.length > 0 ? { kind: 'jump', hops: via } : settings.proxy;
    const hostKey = await prepareHostKeyCheck({
      settings,
      knownHosts,
      run: runTool,
      sshWords: way.sshWords,
      userId,
    });
    const algorithms = chooseAlgorithms(settings, hostKey.knownTypes);
    const login = await prepareLogin({ settings, identities, secrets, opener, onKeyLogin });
    try {
      const route = await openRoute(request, settings, proxy);
      const limits = { ...keepaliveLimits, ...options.limits, stageMs };
      const session = { route, settings, algorithms, hostKey, login, limits, isShared, signal, onStage };
      return await Session.start(session);
    } catch (error) {
      login.close();
      throw error;
    }
  }

  function openRoute(request: Request, settings: SshSettings, proxy: SshProxy): Promise<Route> {
    switch (proxy.kind) {
      case 'none':
        return openTcpRoute(request, settings);
      case 'command':
        return openCommandRoute(request, settings, proxy.command);
      case 'jump':
        return openThroughHops(request, settings, proxy.hops);
    }
  }

  async function openTcpRoute({ signal, stageMs, onStage }: Request, settings: SshSettings): Promise<Route> {
    const limitMs = connectStageMs(stageMs, settings);
    const socket = await connectTcp({ settings, limitMs, signal, onStage });
    return {
      stream: socket,
      remoteAddress: socket.remoteAddress ?? null,
      failure: () => null,
      release: quiet,
    };
  }

  async function openCommandRoute(
    { onStage }: Request,
    settings: SshSettings,
    command: string,
  ): Promise<Route> {
    if (settings.proxyUseFdpass)
      throw new StepError({ cause: 'proxy', detail: "only the system's ssh understands ProxyUseFdpass" });
    const { askpass } = options;
    const questions =
      secrets && askpass ? await openProxyQuestions(secrets, askpass, () => proxy.stream.destroy()) : null;
    const started = startProxyCommand(command, { ...environment, ...questions?.environment });
    started.catch(() => questions?.end());
    const proxy = await started;
    onStage('name', 'left to the ProxyCommand');
    onStage('tcp', 'through the ProxyCommand');
    return {
      stream: proxy.stream,
      remoteAddress: null,
      failure: () => (questions ? questions.failure(proxy.failure()) : proxy.failure()),
      passed: () => questions?.passed(),
      release: () => questions?.end(),
    };
  }

  async function openThroughHops(request: Request, settings: SshSettings, hops: Hop[]): Promise<Route> {
    const hop = hops.at(-1);
    if (hop === undefined) throw new StepError({ cause: 'proxy', detail: 'no jump host is named' });
    const via = hops.slice(0, -1);
    const chain = [...request.chain, formatHops([request.place])];
    refuseLoop(hop, chain);
    const hopSettings = await resolveHop(hop, hopWay(hop, via));
    const way = wayWith(hopWay(hop, via), hopSettings);
    const key = JSON.stringify([hopSettings, via]);
    const name = formatHops([hop]);
    request.onStage('name', `left to jump host ${name}`);
    const { demandedAtMs, stageMs } = request;
    const start = (signal: AbortSignal) =>
      establish({
        place: hop,
        via,
        chain,
        way,
        signal,
        demandedAtMs,
        stageMs,
        isShared: true,
        onStage: quiet,
      });
    const share = jumps.join(key, start, demandedAtMs);
    const blame = (error: unknown) => blameHop(name, way, error);
    const destination = { host: settings.hostName, port: settings.port };
    const { signal } = request;
    const route = await openJumpRoute({
      share,
      hop: name,
      destination,
      limitMs: connectStageMs(stageMs, settings),
      signal,
      blame,
    });
    request.onStage('tcp', `through jump host ${name}`);
    return route;
  }

  async function resolveHop(hop: Hop, way: Way): Promise<SshSettings> {
    try {
      return await resolver.resolve(hop);
    } catch (error) {
      throw blameHop(formatHops([hop]), way, error);
    }
  }

  function refuseLoop(hop: Hop, chain: string[]): void {
    const name = formatHops([hop]);
    if (!chain.includes(name) && chain.length <= MAX_HOPS) return;
    const detail = `the jump hosts run in a circle at ${name}`;
    const hint = 'Give the jump host a ProxyJump of its own in the ssh configuration (none ends the chain).';
    throw new StepError({ cause: 'config', detail, hint });
  }

  /** What a person types to reach a jump host. */
  function hopWay(hop: Hop, via: Hop[]): Way {
    const way = wayTo({ name: hop.host, ...hop, local: false }, sshConfigFile);
    const [program = 'ssh', ...rest] = way.sshWords;
    return via.length === 0 ? way : { ...way, sshWords: [program, '-J', formatHops(via), ...rest] };
  }

  function wayWith(way: Way, settings: SshSettings): Way {
    return { ...way, host: settings.hostName, port: settings.port, user: settings.user };
  }

  async function jumpHostOf({ host, user, port }: Target): Promise<string | null> {
    try {
      const { proxy, hostName } = await resolver.resolve({ host, user, port });
      if (proxy.kind === 'command') return proxy.command.replaceAll(hostName, '%h');
      return proxy.kind === 'jump' ? formatHops(proxy.hops.slice(-1)) : null;
    } catch {
      // The attempt itself will say what is wrong.
      return null;
    }
  }

  return {
    name: 'ssh2',
    jumpHostOf,
    async open(target: Target, { command, signal, demandedAtMs = 0, onStage = quiet }) {
      let way = wayTo(target, sshConfigFile);
      const stageMs = options.limits?.stageMs ?? target.settings.stageMs;
      let sessionMs = stageMs;
      const onSettings = (settings: SshSettings) => {
        way = wayWith(way, settings);
        sessionMs = sessionStageMs(stageMs, settings);
      };
      try {
        const place = { host: target.host, user: target.user, port: target.port };
        const session = await establish({
          place,
          via: [],
          chain: [],
          way,
          signal,
          demandedAtMs,
          stageMs,
          isShared: false,
          onStage,
          onSettings,
        });
        try {
          const tell = (error: StepError) => toTransportError(way, error).failure;
          const channel = await openSsh2Channel(session, command, sessionMs, signal, tell);
          return { ...channel, way, stageMs: sessionMs };
        } catch (error) {
          session.close();
          throw error;
        }
      } catch (error) {
        throw toTransportError(way, error);
      }
    },
    dispose: () => jumps.dispose(),
  };
}

/** A hop's failure, told as one of the way, with the hop's own reason and hint. */
function blameHop(name: string, way: Way, error: unknown): StepError {
  const { detail, lastLines, missing } = toStepError(error);
  // Nobody's fault, and already told.
  if (detail.cause === 'proxy' || isGivenUp(detail)) return toStepError(error);
  const failure = createFailure(way, detail, lastLines);
  return new StepError(
    {
      cause: 'proxy',
      detail: `jump host ${name}: ${failure.message}`,
      hint: failure.hint,
      needsPerson: failure.needsPerson,
      of: detail,
    },
    lastLines,
    missing,
  );
}
