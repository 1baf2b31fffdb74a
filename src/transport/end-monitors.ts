import type { Target } from '../nodes/target.ts';
import { MONITOR_TITLE } from '../protocol/constants.ts';
import type { Transport } from './transport.ts';

/**
 * The command that ends the monitors of one node and head and says how many there were. The title is
 * split, so that the command does not find itself. Safe for any login shell, as the bootstrap is.
 */
export function endMonitorsCommand(node: string, headId: string): string {
  const [first, second] = MONITOR_TITLE.split('-');
  const title = `"${first}-""${second} ${node} ${headId} "`;
  const script = [
    'n=0',
    'for p in /proc/[0-9]*; do if [ -O "$p" ]; then a=`tr "\\000" " " < "$p"/cmdline 2>/dev/null`; ' +
      `case "$a " in (${title}*|*" "${title}*) kill -9 "\${p#/proc/}" 2>/dev/null && n=\`expr "$n" + 1\`;; esac; fi; done`,
    'echo "ended $n"',
  ].join('; ');
  return `exec /bin/sh -c '${script}'`;
}

/** Ends what a dead head left on a node. Resolves to the number of monitors; rejects as `open` does. */
export async function endMonitors(
  transport: Transport,
  target: Target,
  headId: string,
  signal: AbortSignal,
): Promise<number> {
  const channel = await transport.open(target, { command: endMonitorsCommand(target.name, headId), signal });
  let said = '';
  channel.onStdout((chunk) => {
    said = (said + chunk.toString('utf8')).slice(-4096);
  });
  channel.onStderr(() => undefined);
  channel.endInput();
  await channel.ended;
  return Number(/ended (\d+)\s*$/.exec(said)?.[1] ?? 0);
}
