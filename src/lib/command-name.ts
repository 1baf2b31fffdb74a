/**
 * The command as texts of the head name it, from the project's folder. It is the same for all who read: an absolute
 * path would tell strangers where the head's files are. The command line puts the form there that works where it runs.
 */
export const COMMAND_NAME = 'scripts/rollcall';
