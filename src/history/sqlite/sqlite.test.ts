import { expect, it } from 'vitest';
import { findSqlite, inTransaction, isRecent } from './sqlite.ts';

it.each([
  ['3.51.3', true],
  ['3.51.2', false],
  ['3.53.0', true],
  ['3.40.1', false],
  ['4.0', true],
  ['3.51.3.1', true],
])('version %s is used: %s', (version, expected) => {
  expect(isRecent(version)).toBe(expected);
});

it('passes over a built-in one that is too old', async () => {
  class Old {
    prepare() {
      return { get: () => ({ version: '3.46.1' }) };
    }
    close() {}
  }
  const { name, version } = await findSqlite(() => ({ DatabaseSync: Old }));
  expect(name).toBe('@photostructure/sqlite');
  expect(isRecent(version)).toBe(true);
});

it('keeps all of a transaction, or nothing', async () => {
  const database = (await findSqlite()).open(':memory:');
  database.exec('CREATE TABLE t (a INTEGER)');
  const add = database.prepare('INSERT INTO t VALUES (?)');
  inTransaction(database, () => add.run(1));
  const failing = () =>
    inTransaction(database, () => {
      add.run(2);
      throw new Error('stop');
    });
  expect(failing).toThrow('stop');
  expect(database.prepare('SELECT a FROM t').all()).toEqual([{ a: 1 }]);
  database.close();
});
