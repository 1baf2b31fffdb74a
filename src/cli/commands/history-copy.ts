import type { Config } from '../../config/config.ts';
import { shellQuote } from '../../lib/shell-quote.ts';
import { visibleText } from '../../lib/visible-text.ts';
import { environment } from '../environment.ts';
import { findHead } from '../head-client.ts';
import { configFrom } from '../options.ts';
import { UsageError } from '../usage/usage-error.ts';

/** `rollcall history copy`: files into a database. Its address may hold a password, so it is no word of the command. */
export async function copyFiles(history: NonNullable<Config['history']>, flags: object): Promise<void> {
  const url = history.url ?? environment.ROLLCALL_HISTORY_URL;
  if (!url)
    throw new UsageError(
      'copy where to? Name the database by url-file in [history] of rollcall.toml, or by ROLLCALL_HISTORY_URL',
    );
  if (findHead(configFrom(flags)) !== null)
    throw new UsageError(
      'a head runs with this state folder; stop it first, since it writes what is to be copied',
    );
  const { copyToDatabase } = await import('../../head/history-tools.ts');
  const out = process.stderr;
  const say = (text: string) => {
    if (out.isTTY) out.write(`\r\u001b[K${text.slice(0, (out.columns || 80) - 1)}`);
  };
  try {
    await copyToDatabase(history, url, ({ done, total }) => say(`${done} of ${total} buckets copied`));
  } catch (error) {
    throw new UsageError(visibleText(error instanceof Error ? error.message : String(error)));
  } finally {
    say('');
  }
  console.log(
    `copied; the files are still in ${shellQuote(history.folder)}. With [history] url a head goes on in the database.`,
  );
}
