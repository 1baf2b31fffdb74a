import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeBlobStore } from '../../../test/support/blob-store-contract.ts';
import { hasPostgres, type Postgres, startPostgres } from '../../../test/support/postgres.ts';
import { createPostgresStore } from './postgres-store.ts';
import { connectServer } from './server.ts';

describe.runIf(hasPostgres)('PostgreSQL', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.remove());

  const run = async (sql: string) => {
    const server = connectServer(postgres.url);
    try {
      return await server.query(sql);
    } finally {
      await server.close();
    }
  };

  describeBlobStore('PostgreSQL', async () => {
    await run('DROP SCHEMA IF EXISTS rollcall CASCADE');
    return {
      open: () => createPostgresStore({ url: postgres.url, isAlone: false }),
      remove: async () => void (await run('DROP SCHEMA rollcall CASCADE')),
    };
  });

  it('is made once by heads that start at the same time, and written by both', async () => {
    const stores = await Promise.all(
      [1, 2, 3].map(() => createPostgresStore({ url: postgres.url, isAlone: false })),
    );
    await Promise.all(
      stores.map((store, at) => store.writeChunks('raw', 0, [[`n${at}`, Uint8Array.of(at)]])),
    );
    expect((await stores[0]?.nodesOf('raw', 0, 1))?.sort()).toEqual(['n0', 'n1', 'n2']);
    await Promise.all(stores.map((store) => store.close()));
    await run('DROP SCHEMA rollcall CASCADE');
  });

  it('never says the password, neither as it is nor as the address has it', async () => {
    const store = await createPostgresStore({ url: postgres.url, isAlone: false });
    const { host, pathname } = new URL(postgres.url);
    expect(store.place).toBe(`postgres://rollcall@${host}${pathname}`);
    await store.close();
    const said: string[] = [];
    const wrong = [
      postgres.url.replace('rollcall:', 'rollcall:x'),
      postgres.url.replace('rollcall:', 'nobody:'),
      postgres.url.replace(/:\d+\//, ':1/'),
      `${postgres.url}-missing`,
      postgres.url.replace(/:\d+\//, ':notaport/'),
      `http${postgres.url.slice(8)}`,
      `${postgres.url}?sslmode=verify-full`,
    ];
    for (const url of wrong) {
      const failing = createPostgresStore({ url, isAlone: true });
      said.push(
        await failing.then(
          () => 'nothing',
          (error: Error) => `${error.stack} ${JSON.stringify(error)}`,
        ),
      );
    }
    expect(said).not.toContain('nothing');
    for (const text of said)
      for (const secret of [postgres.password, encodeURIComponent(postgres.password)])
        expect(text).not.toContain(secret);
    expect(said[0]).toMatch(/password authentication failed/);
    expect(said[2]).toMatch(/ECONNREFUSED/);
  });

  it('is written by one head at a time, which goes no further where it lost its place', async () => {
    const first = await createPostgresStore({ url: postgres.url, isAlone: true });
    const second = () => createPostgresStore({ url: postgres.url, isAlone: true });
    await expect(second()).rejects.toThrow(/another head keeps its history in it/);
    await run(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'`);
    await expect.poll(() => first.setMark('x', 1).then(() => '', String)).toMatch(/has ended/);
    await (await second()).close();
    await first.close();
    await (await second()).close();
    await run('DROP SCHEMA rollcall CASCADE');
  });

  it('leaves the tables of a later version alone', async () => {
    await (await createPostgresStore({ url: postgres.url, isAlone: false })).close();
    await run('UPDATE rollcall.version SET version = 99');
    await expect(createPostgresStore({ url: postgres.url, isAlone: false })).rejects.toThrow(
      /later Rollcall \(format 99\)/,
    );
    await run('DROP SCHEMA rollcall CASCADE');
  });
});
