import { userInfo } from 'node:os';
import type { Target } from '../nodes/target.ts';
import type { Way } from '../report/failure-detail.ts';
import { createAccessFingerprint } from './access-fingerprint.ts';
import { createTransportChooser } from './choose-transport.ts';
import { createKnownHosts } from './host-keys/known-hosts.ts';
import type { PasswordRequest } from './secrets/secret-request.ts';
import { createIdentityFiles } from './settings/identity-files.ts';
import { runTool } from './settings/run-tool.ts';
import type { SettingsResolver } from './settings/ssh-settings.ts';
import { givenUp, toTransportError } from './ssh-step-error.ts';
import { createSsh2Transport } from './ssh2/ssh2.ts';
import { type Transport, TransportError } from './transport.ts';
import { wayTo } from './way.ts';

/** The ways of one thread that carries a part of the fleet: the library alone, and nobody to ask. */
export interface PlainAccess {
  transport: Transport;
  wayFor(target: Target): Way;
  fingerprint(): string;
}

export interface PlainAccessOptions {
  homeFolder: string;
  sshConfig: string | null;
  environment: NodeJS.ProcessEnv;
  resolver: SettingsResolver;
  /** Hears of a node that needs the system's ssh or a secret; its attempt fails. */
  onMisfit(name: string): void;
  /** Hears of a login by a key alone. */
  onKeyLogin(account: PasswordRequest): void;
}

/** `open` rejects with a `TransportError`; where the node needs the system's ssh or a secret, after `onMisfit`. */
export function createPlainAccess(options: PlainAccessOptions): PlainAccess {
  const { homeFolder, sshConfig, environment, resolver, onMisfit, onKeyLogin } = options;
  const { homedir: home, uid: userId } = userInfo();
  const knownHosts = createKnownHosts(runTool);
  const identities = createIdentityFiles(home, userId);
  const shared = { resolver, knownHosts, identities, sshConfigFile: sshConfig };
  const ssh2 = createSsh2Transport({ ...shared, environment, home, onKeyLogin });
  const chooser = createTransportChooser({ ...shared, run: runTool });
  const transport: Transport = {
    name: 'ssh2',
    async open(target, open) {
      const choice = await chooser.choose(target);
      if (choice.name === 'openssh') {
        onMisfit(target.name);
        throw toTransportError(wayTo(target, sshConfig), givenUp());
      }
      open.onTransport?.('ssh2', choice.reason);
      try {
        return await ssh2.open(target, open);
      } catch (error) {
        if (error instanceof TransportError && error.isWorthAnotherTry) onMisfit(target.name);
        throw error;
      }
    },
    dispose: ssh2.dispose,
  };
  return {
    transport,
    wayFor: (target) => wayTo(target, sshConfig),
    fingerprint: createAccessFingerprint(homeFolder, sshConfig, environment.SSH_AUTH_SOCK, () =>
      resolver.accessFiles(),
    ),
  };
}
