import type { NodeReport } from '../report/node-report.ts';
import type { ClusterJob } from '../report/rows.ts';
import { factsOf, userOf } from './facts.ts';
import { fields } from './fields.ts';

/** The values of text fields that a cluster has now, by the field's name. */
export type Vocabulary = ReadonlyMap<string, readonly string[]>;

const MOST_VALUES = 500;
const LONGEST_VALUE = 100;

/** What nobody can type is not offered: a node chooses these texts. */
const UNTYPED = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

function createCollector() {
  const values = new Map<string, Set<string>>();
  return {
    values,
    add(field: string, value: string | null): void {
      if (!value || value.length > LONGEST_VALUE) return;
      const known = values.get(field) ?? new Set<string>();
      if (known.size >= MOST_VALUES || UNTYPED.test(value)) return;
      values.set(field, known.add(value));
    },
  };
}

/** Of bounded size, whatever nodes say: at most 500 values a field, of 100 characters. */
export function vocabularyOf(nodes: readonly NodeReport[], jobs: readonly ClusterJob[]): Vocabulary {
  const { values, add } = createCollector();
  for (const { name, choices, offers } of fields) for (const word of choices ?? offers ?? []) add(name, word);
  for (const node of nodes) {
    add('node', node.name);
    for (const tag of node.tags) add('tag', tag);
    for (const partition of node.scheduler?.partitions ?? []) add('partition', partition);
    for (const { gpu } of factsOf(node).gpus()) {
      add('gpu', gpu.name);
      add('vendor', gpu.vendor);
      add('driver', gpu.driverVersion);
      add('uuid', gpu.uuid);
    }
    for (const thing of factsOf(node).things()) {
      add('user', userOf(thing));
      add('command', thing.process?.command ?? null);
    }
  }
  for (const job of jobs) {
    add('user', job.user);
    add('job', job.name);
    add('job', job.id);
  }
  return new Map(Array.from(values, ([field, known]) => [field, [...known]]));
}
