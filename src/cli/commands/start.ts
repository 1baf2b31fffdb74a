import type { CommandModule } from 'yargs';
import type { Config } from '../../config/config.ts';
import { askSecrets } from '../ask-secrets.ts';
import { awaitFirstResults } from '../first-results.ts';
import { findHead, requireHead } from '../head-client.ts';
import { configFrom, withHeadOptions } from '../options.ts';
import { isOnTerminal } from '../read-secret.ts';
import { startInBackground } from '../start-background.ts';
import { NOTHING, stopHead } from '../stop-head.ts';
import { UsageError } from '../usage/usage-error.ts';

export const startCommand: CommandModule = {
  command: 'start',
  describe: 'Start the head (in the background unless --foreground)',
  builder: (parser) =>
    withHeadOptions(parser).option('foreground', {
      type: 'boolean',
      describe: 'Stay attached to the terminal',
    }),
  handler: async (flags) => {
    const config = configFrom(flags);
    if (process.send === undefined) await makeRoom(config);
    if (flags.foreground) await runInForeground(config, () => configFrom(flags));
    else await startInBackground(config, process.argv.slice(2));
  },
};

/** Stops an earlier head, once it is known that this one could serve in its place. */
async function makeRoom(config: Config): Promise<void> {
  const earlier = findHead(config);
  if (config.demo && earlier !== null && !earlier.record.demo)
    throw new UsageError(
      `a head of real nodes runs with the state folder ${config.stateDir}; give the demo one of its own: --state-dir DIR`,
    );
  const freedPort = earlier && Number(new URL(earlier.record.url).port);
  const { checkCanServe } = await import('../../head/can-serve.ts');
  await checkCanServe(config, freedPort).catch((error: Error) => {
    const stays = earlier ? ` (the head that runs, pid ${earlier.record.pid}, goes on)` : '';
    throw new UsageError(`${error.message}${stays}`);
  });
  await stopHead(config, (line) => line !== NOTHING && console.log(line));
}

const FIRST_RESULTS_LIMIT_MS = 10_000;

/** As a start in the background does, once the nodes have had their first try. */
async function askInForeground(config: ReturnType<typeof configFrom>): Promise<void> {
  const client = requireHead(config);
  await awaitFirstResults(client, FIRST_RESULTS_LIMIT_MS);
  const { isInterrupted } = await askSecrets(client);
  // Without an echo the terminal sends no signal either.
  if (isInterrupted) process.kill(process.pid, 'SIGINT');
}

/** Runs the head in this process until a signal or a stop. Tells a waiting parent how it went. */
async function runInForeground(config: Config, readAgain: () => Config): Promise<void> {
  const { startHead } = await import('../../main.ts');
  const { surviveFaults } = await import('../../head/last-resort.ts');
  const head = await startHead(config, readAgain, (line) => console.log(line)).catch((error: Error) => {
    process.send?.({ error: error.message });
    process.disconnect?.();
    throw new UsageError(error.message);
  });
  surviveFaults();
  process.send?.({ url: head.url });
  if (process.send === undefined) console.log(`page: ${head.url}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void head.stop(() => undefined));
  // A terminal that is closed takes its head along; without one the signal means what it means to other servers.
  process.on('SIGHUP', () => (isOnTerminal() ? void head.stop(() => undefined) : head.reload()));
  if (process.send === undefined && isOnTerminal()) void askInForeground(config);
  await head.ended;
  process.exit(0);
}
