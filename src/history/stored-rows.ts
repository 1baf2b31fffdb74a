import type { PastEvent } from '../report/history.ts';
import type { StoredSnapshot } from './blob-store.ts';

/** Rows of tables that every store has alike, and that this very program wrote. */

type Row = Readonly<Record<string, unknown>>;

/** Columns `name`, `at`, `bytes`. */
export const snapshotOfRow = ({ name, at, bytes }: Row): StoredSnapshot => ({
  node: String(name),
  atMs: Number(at),
  bytes: bytes as Uint8Array,
});

/** Columns `at`, `node`, `kind`, `severity`, `gpu`, `text`. */
export const eventOfRow = ({ at, node, kind, severity, gpu, text }: Row): PastEvent => ({
  atMs: Number(at),
  node: String(node),
  kind: kind as PastEvent['kind'],
  severity: severity as PastEvent['severity'],
  gpuIndex: gpu === null ? null : Number(gpu),
  text: String(text),
});
