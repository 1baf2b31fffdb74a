import { access } from 'node:fs/promises';
import { createKeptAnswers } from './kept-answers.ts';
import type { SshSettings } from './ssh-settings-parse.ts';
import { type IdentityFile, readIdentity } from './ssh2-identities.ts';

/** Identity files and the certificates beside them. */
export interface IdentityFiles {
  read(path: string): Promise<IdentityFile>;
  /** The certificates of these settings that are there. */
  findCertificates(settings: Pick<SshSettings, 'certificateFiles' | 'identityFiles'>): Promise<string[]>;
}

/** A thousand nodes that log in together ask for the same few keys; who mends a file is faster seen than retried. */
const KEPT_MS = 500;

export function createIdentityFiles(home: string, userId: number): IdentityFiles {
  const identities = createKeptAnswers<IdentityFile>(KEPT_MS);
  const presences = createKeptAnswers<boolean>(KEPT_MS);

  const isThere = (path: string) =>
    presences.get(path, () =>
      access(path).then(
        () => true,
        () => false,
      ),
    );

  return {
    read: (path) => identities.get(path, () => readIdentity(path, home, userId)),
    async findCertificates({ certificateFiles, identityFiles }) {
      const paths = [...certificateFiles, ...identityFiles.map((path) => `${path}-cert.pub`)];
      const there = await Promise.all(paths.map(isThere));
      return paths.filter((_, at) => there[at]);
    },
  };
}
