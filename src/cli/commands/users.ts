import type { CommandModule } from 'yargs';
import { renderUsersText } from '../../render/text/users-text.ts';
import { printRows, withRowOptions } from '../rows.ts';

export const usersCommand: CommandModule = {
  builder: (parser) => withRowOptions(parser),
  handler: (flags) => printRows('users', flags, renderUsersText),
};
