import { expect, it } from 'vitest';
import { createMessageMeter } from './message-meter.ts';
import { createSaidLines } from './said-lines.ts';

function hear() {
  const told: string[] = [];
  let nowMs = 0;
  const said = createSaidLines(
    (line) => told.push(line),
    () => nowMs,
  );
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { told, said, pass };
}

it('hands on what little is said, cut, without empty lines', () => {
  const { told, said } = hear();
  for (const line of ['a', '', '  ', 'b'.repeat(9_000)]) said.take(line);
  said.finish();
  expect(told).toEqual(['a', 'b'.repeat(500)]);
  expect(said.last).toEqual(told);
});

it('of a flood tells the beginning, how much was left out, and the last lines', () => {
  const { told, said } = hear();
  for (let line = 1; line <= 10_000; line++) said.take(`line ${line}`);
  expect(told).toHaveLength(200);
  said.finish();
  expect(told.slice(198)).toEqual([
    'line 199',
    'line 200',
    '(9780 more lines left out)',
    ...Array.from({ length: 20 }, (_, at) => `line ${9_981 + at}`),
  ]);
  said.finish();
  expect(told).toHaveLength(221);
});

it('goes on when the flood is over', () => {
  const { told, said, pass } = hear();
  for (let line = 1; line <= 300; line++) said.take(`line ${line}`);
  pass(10_000);
  said.take('calm again');
  expect(told.slice(200)).toEqual(['(100 more lines left out)', 'calm again']);
});

it('writes no more than two lines a second in the long run', () => {
  const { told, said, pass } = hear();
  for (let second = 0; second < 1_000; second++) {
    for (let line = 0; line < 100; line++) said.take('again and again');
    pass(1_000);
  }
  // Each line that is told is preceded by the count of those left out.
  expect(told.length).toBeLessThan(200 + 2 * 2 * 1_000);
});

it('allows a page of error output, and no flood of it', () => {
  let nowMs = 0;
  const meter = createMessageMeter(() => nowMs);
  expect(meter.countErrorOutput(200 * 1024)).toBeNull();
  nowMs += 60_000;
  expect(meter.countErrorOutput(200 * 1024)).toBeNull();
  expect(meter.countErrorOutput(200 * 1024)).toContain('error output a second');
  expect(meter.count(1_000)).toBeNull();
});
