import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { faultsUntilNow, guarded } from './guarded.ts';

it('what is thrown is said once, costs nothing else, and is counted', () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  expect(faultsUntilNow()).toBeNull();
  const fail = () => {
    throw new RangeError('too far');
  };
  for (let times = 0; times < 3; times += 1)
    expect(guarded('the row of n1', fail, 'instead')).toBe('instead');
  expect(guarded('the row of n2', () => 'fine', 'instead')).toBe('fine');
  expect(said).toHaveBeenCalledTimes(1);
  expect(String(said.mock.calls[0])).toContain('fault in the row of n1: RangeError: too far');
  expect(faultsUntilNow()).toBe(
    'the head met 3 faults of its own and goes on; the last: the row of n1: too far (its log has more)',
  );
  said.mockRestore();
});

it('a process survives what nobody caught', async () => {
  const path = fileURLToPath(new URL('../head/last-resort.ts', import.meta.url));
  const program = `
    import { surviveFaults } from ${JSON.stringify(path)};
    surviveFaults();
    setTimeout(() => { throw new Error('in a timer'); }, 1);
    setTimeout(() => { Promise.reject(new Error('in a promise')); }, 2);
    setTimeout(() => console.log('still here'), 50);
  `;
  const words = ['--import', 'tsx', '--input-type=module', '-e', program];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ code, out }).toEqual({ code: 0, out: 'still here\n' });
  expect(errors).toContain('in a timer');
  expect(errors).toContain('in a promise');
});
