import type { Target } from '../nodes/target.ts';
import type { Way } from '../protocol/failures.ts';
import { createAccessFingerprint } from './access-fingerprint.ts';
import { createLocalTransport } from './local.ts';
import { createSsh2Transport } from './ssh2.ts';
import type { Transport } from './transport.ts';
import { wayTo } from './way.ts';

/** All ways to the nodes of one head. */
export interface Access {
  transportFor(target: Target): Transport;
  wayFor(target: Target): Way;
  /** The jump host or proxy that a connection goes through; null where it goes straight. Never rejects. */
  jumpHostOf(target: Target): Promise<string | null>;
  /** Changes when keys, settings or known hosts do. */
  fingerprint(): string;
  dispose(): void;
}

export interface AccessOptions {
  homeFolder: string;
  /** As `ssh -F`. */
  sshConfig: string | null;
  environment: NodeJS.ProcessEnv;
}

/** `localhost` alone needs no SSH; everything else goes as the user's own `ssh` would. */
export function createAccess({ homeFolder, sshConfig, environment }: AccessOptions): Access {
  const local = createLocalTransport(environment);
  const ssh2 = createSsh2Transport({ sshConfigFile: sshConfig, environment });
  return {
    transportFor: (target) => (target.local ? local : ssh2),
    wayFor: (target) => wayTo(target, sshConfig),
    jumpHostOf: (target) => (target.local ? Promise.resolve(null) : ssh2.jumpHostOf(target)),
    fingerprint: createAccessFingerprint(homeFolder, sshConfig, environment.SSH_AUTH_SOCK, () =>
      ssh2.accessFiles(),
    ),
    dispose() {
      local.dispose();
      ssh2.dispose();
    },
  };
}
