import type { Cluster } from '../../cluster/cluster.ts';
import type { RowKind } from '../../lib/row-kinds.ts';
import type { NodeReport } from '../../report/node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser } from '../../report/rows.ts';

export type Row =
  /** `isFreeFirst`: its GPUs that are free stand before the others; such a row is one of its own. */
  | { kind: 'nodes'; source: NodeReport; isFreeFirst?: boolean }
  | { kind: 'gpus'; source: ClusterGpu }
  | { kind: 'jobs'; source: ClusterJob }
  | { kind: 'users'; source: ClusterUser };

export interface Identity {
  id: number;
  kind: RowKind;
  name: string;
  isFreeFirst: boolean;
  bornVersion: number;
}

/** Names a row among those of its kind, as long as it lives. */
export function nameOf(row: Row): string {
  switch (row.kind) {
    case 'nodes':
      return row.source.name;
    case 'gpus':
      return `${row.source.node} ${row.source.index}`;
    case 'jobs':
      return `${row.source.key} ${row.source.user ?? ''}`;
    case 'users':
      return row.source.user;
  }
}

const namedBy = (kind: RowKind, name: string, isFreeFirst: boolean) =>
  `${kind}${isFreeFirst ? ' free first' : ''} ${name}`;

/** All rows of a kind. */
function rowsOf(kind: RowKind, cluster: Cluster, nowMs: number): Row[] {
  if (kind === 'nodes') return cluster.reports().map((source) => ({ kind, source }));
  const rows = cluster.rows(nowMs);
  switch (kind) {
    case 'gpus':
      return rows.gpus.map((source) => ({ kind, source }));
    case 'jobs':
      return rows.jobs.map((source) => ({ kind, source }));
    case 'users':
      return rows.users.map((source) => ({ kind, source }));
  }
}

/** Which row each number in the live stream stands for. */
export interface RowIdentities {
  idOf(row: Row): number;
  get(id: number): Identity | undefined;
  /** As the cluster has it now; null where it has gone. */
  rowById(id: number, nowMs: number): Row | null;
  /** Names of rows that came after `version`, for those who have not seen them. */
  namesSince(ids: readonly (number | string)[], version: number): Record<number, string>;
  /** New rows are born with this version. */
  setVersion(version: number): void;
  /** Forgets the rows that the cluster has no longer; their numbers. */
  prune(nowMs: number): number[];
}

/** Numbers count up and are never used again. */
export function createRowIdentities(cluster: Cluster): RowIdentities {
  const identities = new Map<number, Identity>();
  const idsByName = new Map<string, number>();
  const indexes = new Map<RowKind, { of: unknown; byName: Map<string, Row> }>();
  let lastId = 0;
  let currentVersion = 0;

  function idOf(row: Row): number {
    const name = nameOf(row);
    const isFreeFirst = row.kind === 'nodes' && row.isFreeFirst === true;
    const byName = namedBy(row.kind, name, isFreeFirst);
    const id = idsByName.get(byName);
    if (id !== undefined) return id;
    lastId += 1;
    idsByName.set(byName, lastId);
    identities.set(lastId, { id: lastId, kind: row.kind, name, isFreeFirst, bornVersion: currentVersion });
    return lastId;
  }

  function rowById(id: number, nowMs: number): Row | null {
    const identity = identities.get(id);
    if (!identity) return null;
    const { kind, name, isFreeFirst } = identity;
    if (kind === 'nodes') {
      const report = cluster.node(name)?.report;
      return report ? { kind, source: report, isFreeFirst } : null;
    }
    const of = cluster.rows(nowMs);
    let index = indexes.get(kind);
    if (index?.of !== of) {
      index = { of, byName: new Map(rowsOf(kind, cluster, nowMs).map((row) => [nameOf(row), row])) };
      indexes.set(kind, index);
    }
    return index.byName.get(name) ?? null;
  }

  return {
    idOf,
    get: (id) => identities.get(id),
    rowById,
    namesSince(ids, version) {
      const names: Record<number, string> = {};
      for (const id of ids) {
        const identity = typeof id === 'number' ? identities.get(id) : undefined;
        if (identity && identity.bornVersion > version) names[identity.id] = identity.name;
      }
      return names;
    },
    setVersion(version) {
      currentVersion = version;
    },
    prune(nowMs) {
      const gone = [...identities.values()].filter(({ id }) => rowById(id, nowMs) === null);
      for (const { id, kind, name, isFreeFirst } of gone) {
        identities.delete(id);
        idsByName.delete(namedBy(kind, name, isFreeFirst));
      }
      return gone.map(({ id }) => id);
    },
  };
}
