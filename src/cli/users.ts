import type { CommandModule } from 'yargs';
import { renderUsersText } from '../render/users-text.ts';
import { printRows, withRowOptions } from './rows.ts';

export const usersCommand: CommandModule = {
  command: 'users',
  describe: 'Who holds what: GPUs, memory and CPU of every user, over all nodes',
  builder: (parser) => withRowOptions(parser),
  handler: (flags) => printRows('users', flags, renderUsersText),
};
