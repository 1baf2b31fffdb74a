import { resolve } from 'node:path';
import { createSshAsker, type Place, type ResolverOptions } from './ask-ssh.ts';
import { readSignature } from './file-signature.ts';
import { createSharedAnswers } from './shared-answers.ts';
import { listConfigFiles, noConfigFiles, type SshConfigFiles } from './ssh-config-files.ts';
import { formatHops } from './ssh-hops.ts';
import type { SshSettings } from './ssh-settings-parse.ts';

export interface SettingsResolver {
  /** What `ssh` would do for this host. Rejects with a `StepError`: `config`, `tool-missing`. */
  resolve(place: Place): Promise<SshSettings>;
  /** The configuration files that the answers rest on. */
  configFiles(): readonly string[];
  /** Those, keys, known hosts and agents: when one changes, a refused log-in may work. */
  accessFiles(): Iterable<string>;
}

/** A look at the files costs little, but a thousand nodes ask at once. */
const TRUST_MS = 1_000;
/** `Match exec` and canonical names may answer otherwise without any file having changed. */
const SHORT_LIVED_MS = 10_000;

/** Watches the configuration files; `current` gives the same object while they stay as they are. */
function createConfigWatch(options: ResolverOptions) {
  let files = noConfigFiles();
  let takenMs = Number.NEGATIVE_INFINITY;
  let looking: Promise<SshConfigFiles> | null = null;

  async function look(): Promise<SshConfigFiles> {
    if (files.paths.length === 0 || (await readSignature(files.paths)) !== files.signature) {
      const configFile = options.sshConfigFile === null ? null : resolve(options.sshConfigFile);
      files = await listConfigFiles(configFile, options.home, options.environment);
    }
    takenMs = performance.now();
    return files;
  }

  return {
    async current(): Promise<SshConfigFiles> {
      if (performance.now() - takenMs < TRUST_MS) return files;
      looking ??= look().finally(() => {
        looking = null;
      });
      return looking;
    },
    files: () => files,
  };
}

/**
 * Resolves hosts with `ssh -G`, which costs a few milliseconds: once for names that the configuration cannot tell
 * apart. Answers are kept while their files stay the same.
 */
export function createSettingsResolver(options: ResolverOptions): SettingsResolver {
  const watch = createConfigWatch(options);
  const asker = createSshAsker(options);
  const answers = new Map<string, { settings: Promise<SshSettings>; takenMs: number; shortLived: boolean }>();
  let answersFiles = watch.files();
  let shared = createSharedAnswers(asker, answersFiles);
  const accessFiles = new Set<string>();

  function rememberFiles(settings: SshSettings): void {
    const { identityFiles, certificateFiles, userKnownHostsFiles, globalKnownHostsFiles } = settings;
    const { identityAgent, revokedHostKeys } = settings;
    const certificates = [...certificateFiles, ...identityFiles.map((path) => `${path}-cert.pub`)];
    const knownHosts = [...userKnownHostsFiles, ...globalKnownHostsFiles];
    for (const file of [...identityFiles, ...certificates, ...knownHosts]) accessFiles.add(file);
    for (const file of [identityAgent, revokedHostKeys]) if (file !== null) accessFiles.add(file);
  }

  function ask(place: Place, key: string): Promise<SshSettings> {
    const settings = shared.settingsOf(place);
    const answer = { settings, takenMs: performance.now(), shortLived: watch.files().runsPrograms };
    answers.set(key, answer);
    settings.then(
      (found) => {
        if (found.canonicalizes) answer.shortLived = true;
        rememberFiles(found);
      },
      () => answers.delete(key),
    );
    return settings;
  }

  return {
    async resolve(place) {
      const files = await watch.current();
      if (files !== answersFiles) {
        answers.clear();
        asker.forgetLists();
        shared = createSharedAnswers(asker, files);
        answersFiles = files;
      }
      const key = formatHops([place]);
      const kept = answers.get(key);
      const fresh = kept && !(kept.shortLived && performance.now() - kept.takenMs > SHORT_LIVED_MS);
      return fresh ? kept.settings : ask(place, key);
    },
    configFiles: () => watch.files().paths,
    accessFiles: () => [...watch.files().paths, ...accessFiles],
  };
}
