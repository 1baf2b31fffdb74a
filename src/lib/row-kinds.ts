/** What the cluster's lists have a row for each of. */
export const rowKinds = ['nodes', 'gpus', 'jobs', 'users'] as const;
export type RowKind = (typeof rowKinds)[number];
