import type { CommandModule } from 'yargs';
import type { Config } from '../../config/config.ts';
import { type OtherSetting, renderSettings, type ToldSetting } from '../../render/text/settings-text.ts';
import { findHead, type HeadClient } from '../head-client.ts';
import { configFrom, withHeadOptions } from '../options.ts';
import { styleFor } from '../terminal-style.ts';

export const configCommand: CommandModule = {
  builder: (parser) =>
    withHeadOptions(parser)
      .option('color', { type: 'string', requiresArg: true, describe: 'auto, always or never (NO_COLOR)' })
      .option('json', { type: 'boolean', describe: 'For scripts' }),
  handler: async (flags) => {
    const { inForce, settingsFile, ...config } = configFrom(flags);
    const head = findHead(config);
    const heads = head && (await settingsOf(head));
    const others = heads === null ? [] : differences(inForce, heads);
    if (flags.json) {
      const differs = others.map(({ name, head: has, waits }) => ({ name, head: has, waits }));
      const told = {
        file: settingsFile.isMissing ? null : settingsFile.path,
        settings: inForce,
        head: head?.record.pid ?? null,
        differs,
      };
      console.log(JSON.stringify(told, null, 2));
      return;
    }
    process.stdout.write(renderSettings(inForce, others, settingsFile.path, styleFor(flags)));
    console.log(
      `The settings file: ${settingsFile.path}${settingsFile.isMissing ? ', which is not there' : ''}.`,
    );
    console.log(headLine(head, heads === null ? null : others.length));
  },
};

/** Null for a head that is older than this question. */
async function settingsOf(head: HeadClient): Promise<ToldSetting[] | null> {
  const answer = (await head.getJson('/control/settings')) as { settings: ToldSetting[] } | null;
  return answer?.settings ?? null;
}

/** A flag or a variable of the head's start is given again with the next one, as far as anybody knows. */
const isOwnWord = ({ origin }: ToldSetting) => origin.kind === 'flag' || origin.kind === 'environment';

function differences(own: Config['inForce'], heads: readonly ToldSetting[]): OtherSetting[] {
  const there = new Map(heads.map((setting) => [setting.name, setting]));
  const here = new Map(own.map((setting) => [setting.name, setting]));
  return [...new Set([...here.keys(), ...there.keys()])].flatMap((name) => {
    const [mine, head] = [here.get(name), there.get(name) ?? null];
    if (mine !== undefined && mine.text === head?.text) return [];
    const waits = (head ?? mine)?.afterRestart === true && !(head !== null && isOwnWord(head));
    return { name, head, waits };
  });
}

function headLine(head: HeadClient | null, others: number | null): string {
  if (head === null) return 'No head runs with this state folder.';
  const { pid } = head.record;
  if (others === null)
    return `The head that runs (pid ${pid}) is older than this command, and does not tell its settings.`;
  return `The head that runs (pid ${pid}) has ${others === 0 ? 'the same values' : `other values for ${others} of them`}.`;
}
