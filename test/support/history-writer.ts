import { openService } from '../../src/history/service.ts';
import { usualKeptDays } from '../../src/history/tiers.ts';
import { pointOf } from './history-trace.ts';

/**
 * A head's history until it is killed: every call a point of each of three nodes, ten seconds apart; says how many are
 * written. Started by tests as a process of its own: FOLDER FIRST-MOMENT, and the address of a database in HISTORY_URL.
 */

const [folder = '', first = '0'] = process.argv.slice(2);
const service = await openService({
  folder,
  keptDays: usualKeptDays,
  mostBytes: null,
  url: process.env.HISTORY_URL ?? null,
});
for (let at = Number(first); ; at++) {
  const atMs = at * 10_000;
  const points = ['a', 'b', 'c'].map((node) =>
    pointOf(node, atMs, {
      cpu: at % 100,
      gpus: new Map([[0, (at * 7) % 100]]),
      jobs: new Map([['slurm:1', 1e9]]),
    }),
  );
  await service.append(points);
  process.stdout.write(`${at}\n`);
}
