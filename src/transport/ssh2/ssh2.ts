import { userInfo } from 'node:os';
import type { Target } from '../../nodes/target.ts';
import { prepareHostKeyCheck } from '../host-keys/host-key-check.ts';
import { createKnownHosts, type KnownHosts } from '../host-keys/known-hosts.ts';
import type { AskpassServer } from '../secrets/askpass-server.ts';
import type { PasswordRequest } from '../secrets/secret-request.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { createIdentityFiles, type IdentityFiles } from '../settings/identity-files.ts';
import { runTool } from '../settings/run-tool.ts';
import { formatHops } from '../settings/ssh-hops.ts';
import { createSettingsResolver, type SettingsResolver } from '../settings/ssh-settings.ts';
import type { SshSettings } from '../settings/ssh-settings-parse.ts';
import { type StepError, toTransportError } from '../ssh-step-error.ts';
import { sessionStageMs } from '../stage-limits.ts';
import type { Transport } from '../transport.ts';
import { resolvedWay, wayTo } from '../way.ts';
import { chooseAlgorithms } from './algorithms.ts';
import { openSsh2Channel } from './channel.ts';
import { createKeyOpener } from './locked-key.ts';
import { prepareLogin } from './login.ts';
import { createRoutes, type SessionRequest } from './routes.ts';
import { Session, type SessionLimits } from './session.ts';

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

const quiet = () => undefined;

/** Logs in with the library ssh2 as the user's own `ssh` would. */
export function createSsh2Transport(options: Ssh2TransportOptions): Ssh2Transport {
  const { sshConfigFile, environment, home = userInfo().homedir, askpass = null } = options;
  const userId = userInfo().uid;
  const resolver = options.resolver ?? createSettingsResolver({ sshConfigFile, home, environment });
  const knownHosts = options.knownHosts ?? createKnownHosts(runTool);
  const identities = options.identities ?? createIdentityFiles(home, userId);
  const secrets = options.secrets ?? null;
  const opener = secrets === null ? null : createKeyOpener(secrets);
  const onKeyLogin = options.onKeyLogin ?? ((account: PasswordRequest) => secrets?.keyWorked(account));
  const routes = createRoutes({ sshConfigFile, environment, resolver, secrets, askpass, establish });

  async function establish(request: SessionRequest): Promise<Session> {
    const { place, way, signal, onStage, stageMs, isShared } = request;
    const settings = await resolver.resolve(place);
    request.onSettings?.(settings);
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
      const route = await routes.open(request, settings);
      const limits = { ...keepaliveLimits, ...options.limits, stageMs };
      const session = { route, settings, algorithms, hostKey, login, limits, isShared, signal, onStage };
      return await Session.start(session);
    } catch (error) {
      login.close();
      throw error;
    }
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
        way = resolvedWay(way, settings);
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
    dispose: () => routes.dispose(),
  };
}
