import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hasPostgres, startPostgres } from '../../test/support/postgres.ts';
import { openService } from './service.ts';
import { usualKeptDays } from './tiers.ts';

/** `HISTORY_KILLS=100` for a soak. */
const KILLS = Number(process.env.HISTORY_KILLS ?? 8);
const writer = fileURLToPath(new URL('../../test/support/history-writer.ts', import.meta.url));
/** Yesterday: buckets are closed while it is written. */
const FIRST = Math.floor((Date.now() - 86_400_000) / 10_000);

async function killAndLook(kills: number, url: string | null): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-killed-'));
  let next = FIRST;
  for (let kill = 0; kill < kills; kill++) {
    const child = spawn(process.execPath, ['--import', 'tsx', writer, folder, String(next)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: url === null ? process.env : { ...process.env, HISTORY_URL: url },
    });
    const ended = once(child, 'exit');
    let written = next - 1;
    const wanted = next + 20 + ((kill * 37) % 60);
    for await (const line of createInterface({ input: child.stdout })) {
      written = Number(line);
      if (written >= wanted && !child.killed) child.kill('SIGKILL');
    }
    await ended;
    expect(written).toBeGreaterThanOrEqual(wanted);
    const begun = performance.now();
    const service = await openService({ folder, keptDays: usualKeptDays, mostBytes: null, url });
    const openMs = performance.now() - begun;
    expect(openMs).toBeLessThan(10_000);
    // A database may notice a second later that the killed one has gone; what came meanwhile is brought up.
    await expect.poll(async () => (await service.status()).problem).toBeNull();
    // An answer has 3,000 points at most.
    const from = Math.max(FIRST, written - 2_500);
    const question = {
      node: 'b',
      series: null,
      fromMs: from * 10_000,
      toMs: (written + 1) * 10_000,
      stepMs: 10_000,
    };
    const { series, stepMs } = await service.history(question);
    expect(stepMs).toBe(10_000);
    const of = (key: string) => series.find((one) => one.key === key)?.mean;
    const expected = Array.from({ length: written + 1 - from }, (_, at) => from + at);
    expect(of('cpu')).toEqual(expected.map((at) => at % 100));
    expect(of('gpu.0.utilization')).toEqual(expected.map((at) => (at * 7) % 100));
    await service.close();
    next = written + 1;
  }
  rmSync(folder, { recursive: true, force: true });
}

describe('a history that is killed while it is written has lost nothing that it said was written', () => {
  it('in files', () => killAndLook(KILLS, null), 600_000);

  it.runIf(hasPostgres)(
    'in PostgreSQL',
    async () => {
      const postgres = await startPostgres();
      try {
        await killAndLook(Math.ceil(KILLS / 2), postgres.url);
      } finally {
        await postgres.remove();
      }
    },
    600_000,
  );
});
