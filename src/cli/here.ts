import { type ScriptName, scriptCommand } from '../config/script-command.ts';
import { COMMAND_NAME } from '../lib/command-name.ts';
import { surroundings } from './environment.ts';

/** One of the project's scripts as it can be typed where this command runs. */
export const scriptHere = (name: ScriptName): string => scriptCommand(name, surroundings());

/** Texts of the own head, with the command in them as it can be typed here. */
export function withCommandsOfHere(text: string): string {
  return text.replaceAll(`${COMMAND_NAME} `, () => `${scriptHere('rollcall')} `);
}
