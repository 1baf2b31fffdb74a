import type { Stage } from '../../report/causes.ts';
import type { Way } from '../../report/failure-detail.ts';
import type { AskpassServer } from '../secrets/askpass-server.ts';
import { openProxyQuestions } from '../secrets/proxy-questions.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Place } from '../settings/ask-ssh.ts';
import { formatHops, type Hop } from '../settings/ssh-hops.ts';
import type { SettingsResolver } from '../settings/ssh-settings.ts';
import type { SshProxy, SshSettings } from '../settings/ssh-settings-parse.ts';
import { StepError } from '../ssh-step-error.ts';
import { connectStageMs } from '../stage-limits.ts';
import { resolvedWay } from '../way.ts';
import { createJumpPool, openJumpRoute } from './jump.ts';
import { blameHop, hopWay, refuseLoop } from './jump-host.ts';
import { startProxyCommand } from './proxy-command.ts';
import type { Route, Session } from './session.ts';
import { connectTcp } from './tcp-connect.ts';

/** One connection to be made: a node's, or that of a jump host on the way to it. */
export interface SessionRequest {
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

export interface RoutesOptions {
  sshConfigFile: string | null;
  environment: NodeJS.ProcessEnv;
  resolver: SettingsResolver;
  secrets: Secrets | null;
  /** Answers the ssh of a ProxyCommand. */
  askpass: AskpassServer | null;
  /** Logs in to a jump host. */
  establish: (request: SessionRequest) => Promise<Session>;
}

/** Ways to servers: straight, through a command, or through jump hosts that several share. */
export interface Routes {
  open(request: SessionRequest, settings: SshSettings): Promise<Route>;
  /** Closes the connections to jump hosts. */
  dispose(): void;
}

const quiet = () => undefined;

async function openTcpRoute(
  { signal, stageMs, onStage }: SessionRequest,
  settings: SshSettings,
): Promise<Route> {
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
  { environment, secrets, askpass }: RoutesOptions,
  { onStage }: SessionRequest,
  settings: SshSettings,
  command: string,
): Promise<Route> {
  if (settings.proxyUseFdpass)
    throw new StepError({ cause: 'proxy', detail: "only the system's ssh understands ProxyUseFdpass" });
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

/** Ways to a server: straight, by a command, or through jump hosts that are shared. */
export function createRoutes(options: RoutesOptions): Routes {
  const { sshConfigFile, resolver, establish } = options;
  const jumps = createJumpPool();

  async function resolveHop(hop: Hop, way: Way): Promise<SshSettings> {
    try {
      return await resolver.resolve(hop);
    } catch (error) {
      throw blameHop(formatHops([hop]), way, error);
    }
  }

  async function openThroughHops(
    request: SessionRequest,
    settings: SshSettings,
    hops: Hop[],
  ): Promise<Route> {
    const hop = hops.at(-1);
    if (hop === undefined) throw new StepError({ cause: 'proxy', detail: 'no jump host is named' });
    const via = hops.slice(0, -1);
    const chain = [...request.chain, formatHops([request.place])];
    refuseLoop(hop, chain);
    const name = formatHops([hop]);
    const plainWay = hopWay(hop, via, sshConfigFile);
    const hopSettings = await resolveHop(hop, plainWay);
    const way = resolvedWay(plainWay, hopSettings);
    request.onStage('name', `left to jump host ${name}`);
    const { demandedAtMs, stageMs, signal } = request;
    const ownRequest = { place: hop, via, chain, way, demandedAtMs, stageMs, isShared: true, onStage: quiet };
    const share = jumps.join(
      JSON.stringify([hopSettings, via]),
      (stop) => establish({ ...ownRequest, signal: stop }),
      demandedAtMs,
    );
    const route = await openJumpRoute({
      share,
      hop: name,
      destination: { host: settings.hostName, port: settings.port },
      limitMs: connectStageMs(stageMs, settings),
      signal,
      blame: (error) => blameHop(name, way, error),
    });
    request.onStage('tcp', `through jump host ${name}`);
    return route;
  }

  return {
    open(request, settings) {
      const { via } = request;
      const proxy: SshProxy = via.length > 0 ? { kind: 'jump', hops: via } : settings.proxy;
      switch (proxy.kind) {
        case 'none':
          return openTcpRoute(request, settings);
        case 'command':
          return openCommandRoute(options, request, settings, proxy.command);
        case 'jump':
          return openThroughHops(request, settings, proxy.hops);
      }
    },
    dispose: () => jumps.dispose(),
  };
}
