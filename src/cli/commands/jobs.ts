import type { CommandModule } from 'yargs';
import { renderJobsText } from '../../render/text/jobs-text.ts';
import { renderPastJobsText } from '../../render/text/ledger-text.ts';
import type { PastJobsAnswer } from '../../report/ledger.ts';
import { pastJobsCsv } from '../../report/ledger-csv.ts';
import { wordOf } from '../flags.ts';
import { isSet, namesTime, type PastPrinter, printPast, timeWords, withPastOptions } from '../past.ts';
import { printRows, withRowOptions } from '../rows.ts';

/** A user's name as a search that means this user alone. */
const exactUser = (name: string) => `user:="${name.replace(/["\\]/g, '\\$&')}"`;

const printer: PastPrinter<PastJobsAnswer> = {
  rows: 'jobs',
  toText: renderPastJobsText,
  toCsv: pastJobsCsv,
};

/** Where no time is named, of the last seven days. */
function pastWords(flags: object): Record<string, string> {
  const user = wordOf(flags, 'user');
  return {
    from: '-7d',
    ...timeWords(flags),
    ...(user !== null && { user }),
    ...(isSet(flags, 'ended') && { ended: 'true' }),
  };
}

export const jobsCommand: CommandModule = {
  builder: (parser) =>
    withPastOptions(withRowOptions(parser))
      .option('user', { type: 'string', requiresArg: true, describe: 'Only jobs of this user' })
      .option('ended', { type: 'boolean', describe: 'Jobs that ended (in the last 7 days)' })
      .conflicts('ended', ['query', 'sort', 'group']),
  handler: (flags) => {
    const isPast = isSet(flags, 'ended') || isSet(flags, 'csv') || namesTime(flags);
    if (isPast) return printPast('/api/v1/jobs', pastWords(flags), flags, printer);
    const user = wordOf(flags, 'user');
    const words = [wordOf(flags, 'query'), user === null ? null : exactUser(user)];
    const query = words.filter((word) => word !== null).join(' ');
    return printRows('jobs', query === '' ? flags : { ...flags, query }, renderJobsText);
  },
};
