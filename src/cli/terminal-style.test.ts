import { expect, it } from 'vitest';
import { decideStyle, type Terminal } from './terminal-style.ts';

const terminal = (more: Partial<Terminal> = {}): Terminal => ({
  color: null,
  environment: { TERM: 'xterm' },
  isTerminal: true,
  columns: 80,
  ...more,
});
const pipe = { isTerminal: false, columns: undefined };
const colour = (more: Partial<Terminal>) => decideStyle(terminal(more)).hasColour;

it('is as wide as the terminal, and cuts nothing elsewhere', () => {
  expect(decideStyle(terminal())).toEqual({ width: 80, hasColour: true });
  expect(decideStyle(terminal(pipe))).toEqual({ width: null, hasColour: false });
  // Some terminals do not say how wide they are.
  expect(decideStyle(terminal({ columns: 0 })).width).toBeNull();
});

it('has colours where they are wanted', () => {
  expect(colour({ environment: { NO_COLOR: '1' } })).toBe(false);
  expect(colour({ environment: { NO_COLOR: '' } })).toBe(true);
  expect(colour({ environment: { TERM: 'dumb' } })).toBe(false);
  expect(colour({ ...pipe, environment: { FORCE_COLOR: '1' } })).toBe(true);
  expect(colour({ ...pipe, environment: { FORCE_COLOR: '' } })).toBe(true);
  expect(colour({ environment: { FORCE_COLOR: '0' } })).toBe(false);
});

it('does what --color says before all else', () => {
  expect(colour({ ...pipe, color: 'always', environment: { NO_COLOR: '1' } })).toBe(true);
  expect(colour({ color: 'never', environment: { FORCE_COLOR: '1' } })).toBe(false);
  expect(colour({ color: 'false' })).toBe(false);
  expect(colour({ ...pipe, color: 'auto' })).toBe(false);
  expect(() => colour({ color: 'blue' })).toThrow('--color blue: not one of auto, always, never');
});
