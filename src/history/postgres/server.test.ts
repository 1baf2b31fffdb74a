import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasPostgres, type Postgres, startPostgres } from '../../../test/support/postgres.ts';
import { connectServer } from './server.ts';

describe.runIf(hasPostgres)('a connection to PostgreSQL', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.remove());

  it('that ends between two statements of a transaction fails the transaction, and nothing else', async () => {
    const server = connectServer(postgres.url);
    const other = connectServer(postgres.url);
    await other.query('CREATE TABLE kept (value int)');
    const broken = server.transaction(async (query) => {
      await query('INSERT INTO kept VALUES (1)');
      const [row] = await query('SELECT pg_backend_pid() AS pid');
      await other.query('SELECT pg_terminate_backend($1::int)', [Number(row?.['pid'])]);
      for (;;) {
        const left = await other.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1::int', [
          Number(row?.['pid']),
        ]);
        if (left.length === 0) break;
      }
      // What the server said last has come by now, while nothing was asked.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await query('INSERT INTO kept VALUES (2)');
    });
    await expect(broken).rejects.toThrow('postgres://rollcall@127.0.0.1');
    expect(await server.query('SELECT value FROM kept')).toEqual([]);
    await server.close();
    await other.close();
  });
});
