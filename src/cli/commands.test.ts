import { expect, it } from 'vitest';
import { commandNames, commands } from './commands.ts';

it('has a name and a sentence for every command', () => {
  expect(new Set(commandNames).size).toBe(commands.length);
  for (const { describe } of commands) expect(describe).toMatch(/^[A-Z]/);
});

it.each(commands.map((command) => [command.command, command] as const))(
  '%s can be loaded',
  async (_, { load }) => {
    const { builder, handler } = await load();
    expect(typeof builder).toBe('function');
    expect(typeof handler).toBe('function');
  },
);
