import { type IdentityFile, readIdentity, readSmall } from '../ssh2/identities.ts';
import { createKeptAnswers } from './kept-answers.ts';
import { type Certificate, parseCertificateEnd } from './ssh-certificate.ts';
import type { SshSettings } from './ssh-settings-parse.ts';

/** Identity files and the certificates beside them. */
export interface IdentityFiles {
  read(path: string): Promise<IdentityFile>;
  /** The certificates of these settings that are there. */
  findCertificates(settings: Pick<SshSettings, 'certificateFiles' | 'identityFiles'>): Promise<Certificate[]>;
}

/** A thousand nodes that log in together ask for the same few keys; who mends a file is faster seen than retried. */
const KEPT_MS = 500;

/** What was read of a file counts for half a second. */
export function createIdentityFiles(home: string, userId: number): IdentityFiles {
  const identities = createKeptAnswers<IdentityFile>(KEPT_MS);
  const certificates = createKeptAnswers<Certificate | null>(KEPT_MS);

  const readCertificate = (path: string) =>
    certificates.get(path, async () => {
      const text = await readSmall(path);
      return text === null ? null : { path, endsMs: parseCertificateEnd(text) };
    });

  return {
    read: (path) => identities.get(path, () => readIdentity(path, home, userId)),
    async findCertificates({ certificateFiles, identityFiles }) {
      const paths = [...certificateFiles, ...identityFiles.map((path) => `${path}-cert.pub`)];
      const found = await Promise.all(paths.map(readCertificate));
      return found.filter((certificate) => certificate !== null);
    },
  };
}
