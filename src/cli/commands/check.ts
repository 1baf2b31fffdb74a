import type { CommandModule } from 'yargs';
import { readStateDir } from '../../config/client-settings.ts';
import { type Config, ConfigError } from '../../config/config.ts';
import { checkTargets } from '../../head/check-targets.ts';
import { targetsFor } from '../../head/targets.ts';
import {
  type CheckedNode,
  renderCheckTally,
  renderCheckText,
  renderFailedStep,
  renderStep,
  renderTransport,
} from '../../render/text/check-text.ts';
import { askQuestion, type OpenQuestion } from '../ask-secrets.ts';
import { surroundings } from '../environment.ts';
import { lastFlags } from '../flags.ts';
import { findHead } from '../head-client.ts';
import { withCommandsOfHere } from '../here.ts';
import { configDespiteMistakes, configFrom, withHeadOptions } from '../options.ts';
import { isOnTerminal } from '../read-secret.ts';
import { UsageError } from '../usage/usage-error.ts';

export const checkCommand: CommandModule = {
  builder: (parser) =>
    withHeadOptions(parser)
      .positional('node', { type: 'string' })
      .option('json', { type: 'boolean', describe: 'What was found, for scripts' }),
  handler: async (flags) => {
    const config = settingsOfRunningHead(await settingsForCheck(flags), flags);
    const node = flags.node === undefined ? null : String(flags.node);
    const targets = await targetsFor(config, node, console.error).catch((error: Error) => {
      throw new UsageError(error.message);
    });
    const isOne = targets.length === 1;
    if (isOne && !flags.json) console.log(targets[0]?.name);
    const progress = createProgress(targets.length);
    const events = {
      onStep(name: string, step: string, fact: string) {
        if (isOne && !flags.json) console.log(renderStep(step, fact));
        else progress.step(name, step);
      },
      onTransport(_name: string, transport: string, reason: string) {
        if (isOne && !flags.json) console.log(renderTransport(transport, reason));
      },
      onDone: progress.done,
    };
    const ask = (question: OpenQuestion) => {
      progress.end();
      return askOrLeave(question);
    };
    const checked = await checkTargets(config, targets, events, isOnTerminal() && !flags.json ? ask : null);
    progress.end();
    if (flags.json) console.log(JSON.stringify({ nodes: checked }, null, 2));
    else {
      const text = isOne ? checked.map(renderFailedStep).join('') : renderCheckText(checked);
      process.stdout.write(withCommandsOfHere(text));
    }
    if (!isOne && !flags.json) console.log(`\n${renderCheckTally(checked)}`);
    if (checked.some((found) => found.failed !== null)) process.exitCode = 1;
  },
};

async function askOrLeave(question: OpenQuestion): Promise<string> {
  const secret = await askQuestion(question);
  if (secret === null) throw new UsageError('left without an answer');
  return secret;
}

interface Progress {
  step(name: string, step: string): void;
  done(checked: CheckedNode): void;
  end(): void;
}

/** What goes on, on the error stream: one line that changes on a terminal, else a line for each node. */
function createProgress(total: number): Progress {
  const out = process.stderr;
  const checked: CheckedNode[] = [];
  const say = (text: string) => {
    if (out.isTTY) out.write(`\r\u001b[K${text.slice(0, (out.columns || 80) - 1)}`);
  };
  return {
    step: (name, step) => say(`${checked.length}/${total} done; ${name}: ${step}`),
    done(node) {
      checked.push(node);
      if (total === 1) return;
      const tally = `${checked.length}/${total} done: ${renderCheckTally(checked)}`;
      if (out.isTTY) say(tally);
      else
        out.write(
          `${tally}; ${node.name}: ${node.failed === null ? 'ok' : `failed at ${node.failed.step}`}\n`,
        );
    },
    end() {
      if (out.isTTY && total > 1) out.write('\r\u001b[K');
    },
  };
}

/** Settings with a mistake keep nobody from checking what a running head watches; without one they are refused. */
async function settingsForCheck(flags: Record<string, unknown>): Promise<Config> {
  try {
    return configFrom(flags);
  } catch (error) {
    const stateDir = await readStateDir({ ...surroundings(), flags: lastFlags(flags) }, () => undefined);
    if (!(error instanceof ConfigError) || findHead({ stateDir }) === null) throw error;
  }
  return configDespiteMistakes(flags);
}

/** Flags win; else the running head's own node list and ssh settings, so that both see the same. */
function settingsOfRunningHead(config: Config, flags: Record<string, unknown>): Config {
  const record = findHead(config)?.record;
  if (!record || record.demo) return config;
  return {
    ...config,
    nodeList: flags['node-list'] === undefined ? record.nodeList : config.nodeList,
    sshConfig: flags['ssh-config'] === undefined ? record.sshConfig : config.sshConfig,
  };
}
