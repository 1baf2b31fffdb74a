import type { CommandModule } from 'yargs';
import { renderLedgerText } from '../../render/text/ledger-text.ts';
import { renderUsersText } from '../../render/text/users-text.ts';
import type { LedgerAnswer } from '../../report/ledger.ts';
import { ledgerCsv } from '../../report/ledger-csv.ts';
import { isSet, namesTime, type PastPrinter, printPast, timeWords, withPastOptions } from '../past.ts';
import { printRows, withRowOptions } from '../rows.ts';

const printer: PastPrinter<LedgerAnswer> = { rows: 'rows', toText: renderLedgerText, toCsv: ledgerCsv };

export const usersCommand: CommandModule = {
  builder: (parser) =>
    withPastOptions(withRowOptions(parser))
      .option('week', { type: 'boolean', describe: 'Who used what in the last 7 days' })
      .conflicts('week', ['last', 'from', 'to', 'query', 'sort', 'group']),
  handler: (flags) => {
    const isPast = isSet(flags, 'week') || isSet(flags, 'csv') || namesTime(flags);
    if (!isPast) return printRows('users', flags, renderUsersText);
    return printPast('/api/v1/ledger', { by: 'user', ...timeWords(flags) }, flags, printer);
  },
};
