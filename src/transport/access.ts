import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Target } from '../nodes/target.ts';
import type { Way } from '../report/failure-detail.ts';
import { createAccessFingerprint } from './access-fingerprint.ts';
import { createAutoTransport } from './auto-transport.ts';
import { createTransportChooser } from './choose-transport.ts';
import { createKnownHosts } from './host-keys/known-hosts.ts';
import { createLocalTransport } from './local.ts';
import { createOpensshTransport } from './openssh/openssh.ts';
import { askpassOf, createAskpassProgram } from './secrets/askpass-program.ts';
import { createAskpassServer } from './secrets/askpass-server.ts';
import { createKeyLogins } from './secrets/key-logins.ts';
import { createPasswordFile } from './secrets/password-file.ts';
import { createSecrets, type Secrets } from './secrets/secrets.ts';
import { createIdentityFiles } from './settings/identity-files.ts';
import { runTool } from './settings/run-tool.ts';
import { createSettingsResolver, type SettingsResolver } from './settings/ssh-settings.ts';
import { createSsh2Transport } from './ssh2/ssh2.ts';
import type { Transport } from './transport.ts';
import { wayTo } from './way.ts';

/** All ways to the nodes of one head. */
export interface Access {
  transportFor(target: Target): Transport;
  wayFor(target: Target): Way;
  /** The jump host or proxy that a connection goes through; null where it goes straight. Never rejects. */
  jumpHostOf(target: Target): Promise<string | null>;
  /** Changes when keys, settings or known hosts do, or when somebody says what this node waits for. */
  fingerprint(target: Target): string;
  /** What `ssh -G` answers. */
  resolver: SettingsResolver;
  /** Passwords and passphrases. */
  secrets: Secrets;
  dispose(): void;
}

export interface AccessOptions {
  homeFolder: string;
  /** As `ssh -F`. */
  sshConfig: string | null;
  environment: NodeJS.ProcessEnv;
  /** Sockets and pipes for ssh go into a folder in it. */
  stateDir: string;
  projectFolder: string;
  passwordFile: string | null;
  /** A program that asks a person, as SSH_ASKPASS. */
  askpass: string | null;
  /** False for commands that end at once: nobody is asked then. */
  asksPersons: boolean;
}

function secretsOf(options: AccessOptions, home: string, userId: number): Secrets {
  const { passwordFile, environment } = options;
  const program = options.asksPersons ? askpassOf(options.askpass, environment) : null;
  return createSecrets({
    file:
      passwordFile === null ? null : (onChange) => createPasswordFile(passwordFile, home, userId, onChange),
    program: program === null ? null : createAskpassProgram(program, environment),
    keyLogins: createKeyLogins(join(options.stateDir, 'key-logins.json')),
  });
}

/** `localhost` alone needs no SSH; everything else goes as the user's own `ssh` would. */
export function createAccess(options: AccessOptions): Access {
  const { homeFolder, sshConfig, environment } = options;
  // ssh goes by the password file, not by HOME.
  const { homedir: home, uid: userId } = userInfo();
  const folder = join(options.stateDir, 'ssh', String(process.pid));
  const secrets = secretsOf(options, home, userId);
  const resolver = createSettingsResolver({ sshConfigFile: sshConfig, home, environment });
  const knownHosts = createKnownHosts(runTool);
  const identities = createIdentityFiles(home, userId);
  const askpass = createAskpassServer({
    folder,
    program: join(options.projectFolder, 'scripts', 'askpass.sh'),
  });
  const shared = { sshConfigFile: sshConfig, environment, home, secrets, resolver };
  const local = createLocalTransport(environment);
  const ssh2 = createSsh2Transport({ ...shared, knownHosts, identities, askpass });
  const openssh = createOpensshTransport({ ...shared, folder, askpass });
  const chooser = createTransportChooser({
    resolver,
    knownHosts,
    identities,
    run: runTool,
    sshConfigFile: sshConfig,
  });
  const files = createAccessFingerprint(homeFolder, sshConfig, environment.SSH_AUTH_SOCK, () =>
    resolver.accessFiles(),
  );
  const remote = createAutoTransport({ chooser, ssh2, openssh, secrets, fingerprint: files });
  return {
    transportFor: (target) => (target.local ? local : remote),
    wayFor: (target) => wayTo(target, sshConfig),
    jumpHostOf: (target) => (target.local ? Promise.resolve(null) : ssh2.jumpHostOf(target)),
    fingerprint: (target) => `${files()}\n${secrets.revision(target.name)}`,
    secrets,
    resolver,
    dispose() {
      local.dispose();
      remote.dispose();
      secrets.dispose();
      askpass.dispose();
    },
  };
}
