import type { CommandModule } from 'yargs';
import { startHead } from '../main.ts';
import { askSecrets } from './ask-secrets.ts';
import { awaitFirstResults } from './first-results.ts';
import { requireHead } from './head-client.ts';
import { keepHeapTight } from './keep-heap-tight.ts';
import { configFrom, withHeadOptions } from './options.ts';
import { isOnTerminal } from './read-secret.ts';
import { startInBackground } from './start-background.ts';
import { stopHead } from './stop-head.ts';
import { UsageError } from './usage-error.ts';

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
    if (process.send === undefined)
      await stopHead(config, (line) => line !== 'nothing is running' && console.log(line));
    if (flags.foreground) await runInForeground(config);
    else await startInBackground(config, process.argv.slice(2));
  },
};

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
async function runInForeground(config: ReturnType<typeof configFrom>): Promise<void> {
  keepHeapTight();
  const head = await startHead(config, (line) => console.log(line)).catch((error: Error) => {
    process.send?.({ error: error.message });
    process.disconnect?.();
    throw new UsageError(error.message);
  });
  process.send?.({ url: head.url });
  if (process.send === undefined) console.log(`page: ${head.url}`);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void head.stop(() => undefined));
  }
  if (process.send === undefined && isOnTerminal()) void askInForeground(config);
  await head.ended;
  process.exit(0);
}
