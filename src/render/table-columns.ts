import type { ViewName } from '../lib/compiled-templates.ts';
import type { RowKind } from '../lib/row-kinds.ts';
import { type PageRequest, pathOf } from './page-request.ts';

/** The headings of a view's table, each a link that sorts by it, and the same orders as choices. */

export interface ColumnView {
  title: string;
  /** Where the rows are sorted by it, or the other way round where they are already; null where they cannot be. */
  href: string | null;
  /** For `aria-sort`; null for all columns but the one that counts. */
  order: 'ascending' | 'descending' | null;
  /** What a click does. */
  help: string;
  /** `number` where figures stand below each other. */
  kind: 'number' | null;
}

export interface ChoiceView {
  value: string;
  title: string;
  isChosen: boolean;
}

interface Column {
  title: string;
  sort?: string;
  isNumber?: true;
}

const text = (title: string, sort?: string): Column => (sort === undefined ? { title } : { title, sort });
const number = (title: string, sort?: string): Column => ({ ...text(title, sort), isNumber: true });

const tables: Partial<Record<ViewName, readonly Column[]>> = {
  nodes: [
    text('Node', 'node'),
    text('State', 'state'),
    text('GPUs free', 'free'),
    text('Users'),
    text('CPU used', 'cpu'),
    text('RAM used', 'ramused'),
    text('Age'),
  ],
  gpus: [
    text('Node', 'node'),
    text('GPU'),
    text('Model', 'model'),
    text('Use', 'use'),
    text('Utilization', 'util'),
    text('Memory used'),
    number('Free', 'mem'),
    number('Temp.', 'temp'),
    number('Power', 'power'),
    text('Users and jobs', 'user'),
    text('Age'),
  ],
  jobs: [
    text('Job', 'job'),
    text('Name', 'name'),
    text('User', 'user'),
    text('Nodes', 'node'),
    number('GPUs', 'gpus'),
    number('GPU memory', 'mem'),
    text('GPU use', 'util'),
    number('CPU cores', 'cpu'),
    number('RAM', 'ram'),
    text('Command'),
    number('Age', 'age'),
  ],
  users: [
    text('User', 'user'),
    number('GPUs', 'gpus'),
    number('Held idle', 'idle'),
    number('GPU memory', 'mem'),
    text('GPU use', 'util'),
    number('CPU cores', 'cpu'),
    number('RAM', 'ram'),
    number('Jobs', 'jobs'),
    text('Nodes', 'nodes'),
  ],
};

/** Of these the largest is what somebody looks for, so it comes first. */
const words: Record<string, string> = {
  free: 'free GPUs, most first',
  gpus: 'GPUs, most first',
  util: 'GPU utilization, highest first',
  mem: 'GPU memory, most first',
  vram: 'GPU memory in all, most first',
  temp: 'temperature, hottest first',
  power: 'power, most first',
  cpu: 'CPU, most used first',
  ram: 'RAM, most first',
  ramused: 'RAM, most used first',
  load: 'load, highest first',
  age: 'age, oldest first',
  idle: 'GPUs held idle, most first',
  jobs: 'jobs, most first',
  nodes: 'nodes, most first',
};

/** Where a name means what is free, and not what somebody holds. */
const freeWords: Record<string, string> = {
  mem: 'memory, most free first',
  ram: 'RAM, most available first',
};

const firstOrder = (name: string) => (name in words ? `-${name}` : name);
const isFree = (kind: RowKind) => kind === 'nodes' || kind === 'gpus';
const wordsFor = (kind: RowKind, name: string) =>
  (isFree(kind) ? freeWords[name] : undefined) ?? words[name] ?? name;

/** `names`: what rows of the kind can be sorted by. An order that was typed is offered as it was typed. */
export function sortChoices(kind: RowKind, names: readonly string[], chosen: string): ChoiceView[] {
  const listed = names.map((name) => ({ value: firstOrder(name), title: wordsFor(kind, name) }));
  const choices = [{ value: '', title: 'as listed' }, ...listed];
  if (!choices.some(({ value }) => value === chosen)) choices.push({ value: chosen, title: chosen });
  return choices.map((choice) => ({ ...choice, isChosen: choice.value === chosen }));
}

function orderOf(sort: string, name: string): ColumnView['order'] {
  const [first = ''] = sort.toLowerCase().split(',');
  if (first === name) return 'ascending';
  return first === `-${name}` ? 'descending' : null;
}

function viewColumn(request: PageRequest, { title, sort, isNumber }: Column): ColumnView {
  const kind = isNumber ? 'number' : null;
  if (sort === undefined) return { title, href: null, order: null, help: '', kind };
  const order = orderOf(request.sort, sort);
  const first = firstOrder(sort);
  const isFirst = order === (first === sort ? 'ascending' : 'descending');
  const next = isFirst ? (first === sort ? `-${sort}` : sort) : first;
  const [up, down] = sort in words ? ['least first', 'most first'] : ['A to Z', 'Z to A'];
  const help = `Sort: ${next.startsWith('-') ? down : up}`;
  return { title, href: pathOf({ ...request, sort: next }), order, help, kind };
}

/** Of a view without a table none. */
export function viewColumns(request: PageRequest): ColumnView[] {
  return (tables[request.view] ?? []).map((column) => viewColumn(request, column));
}
