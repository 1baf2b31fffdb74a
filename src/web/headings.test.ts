import { expect, test } from 'vitest';
import { rowKinds } from '../lib/row-kinds.ts';
import { sortNames } from '../query/columns.ts';
import { allNodes } from '../render/page-request.ts';
import { sortChoices, viewColumns } from '../render/table-columns.ts';

test('all headings name what the rows can be sorted by', () => {
  for (const view of rowKinds) {
    const known = new Set(sortNames(view).flatMap((name) => [name, `-${name}`]));
    const asked = viewColumns({ ...allNodes, view }).flatMap(({ href }) =>
      href === null ? [] : (new URL(href, 'http://head').searchParams.get('sort') ?? ''),
    );
    expect(asked.length).toBeGreaterThan(4);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  }
});

test('by memory, most free comes first; an order that was typed is offered as it was typed', () => {
  for (const kind of ['nodes', 'gpus'] as const) {
    const choices = sortChoices(kind, sortNames(kind), '-mem');
    expect(choices.filter(({ isChosen }) => isChosen)).toEqual([
      { value: '-mem', title: 'memory, most free first', isChosen: true },
    ]);
    expect(choices.some(({ value }) => value === 'mem')).toBe(false);
  }
  expect(sortChoices('gpus', sortNames('gpus'), 'mem').at(-1)).toEqual({
    value: 'mem',
    title: 'mem',
    isChosen: true,
  });
});
