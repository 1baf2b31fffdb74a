import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkSwitches, tieValues } from './tie-values.ts';

it('ties values that begin with a minus to their option, and nothing else', () => {
  expect(tieValues(['gpus', '-q', '-kind:tmux', '--sort', '-util', '--json'])).toEqual([
    'gpus',
    '--query=-kind:tmux',
    '--sort=-util',
    '--json',
  ]);
  expect(tieValues(['gpus', '--query', '--json', '-q', 'is:free'])).toEqual([
    'gpus',
    '--query',
    '--json',
    '-q',
    'is:free',
  ]);
});

it('refuses a value of a switch, which the parser would take for false', () => {
  for (const word of ['--demo=1', '--json=yes', '--public=', '--no-watch=1'])
    expect(() => checkSwitches(['start', word])).toThrow(/takes no value/);
  checkSwitches(['start', '--demo', '--json=true', '--public=false', '--port=7071', '-q', 'x=1']);
});

function isKnown(name: string): boolean {
  try {
    checkSwitches([`--${name}=1`]);
    return false;
  } catch {
    return true;
  }
}

it('knows all switches of the commands', () => {
  const folder = new URL('..', import.meta.url);
  const texts = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'));
  const names = texts.flatMap((text) =>
    [...text.matchAll(/option\('([\w-]+)', \{\s*type: 'boolean'/g)].map(([, name = '']) => name),
  );
  expect(names.length).toBeGreaterThan(8);
  expect(names.filter((name) => !isKnown(name))).toEqual([]);
});
