import type { ChildProcess } from 'node:child_process';
import type { Leash } from '../leash.ts';
import type { System } from '../system.ts';
import { HELPER_TITLE } from './helper-messages.ts';
import type { KitFile } from './kit-file.ts';

/** The kit's file in the helper: the first descriptor after those that every program has. */
const KIT_DESCRIPTOR = 3;

/** Runs the program that stands in the kit behind the addon. */
const LOADER = [
  `const[a,n,ms]=process.argv.slice(1).map(Number),b=Buffer.alloc(n);require("fs").readSync(${KIT_DESCRIPTOR},b,0,n,a);`,
  'const m={};new Function("module","require",b.toString())(m,require);',
  `m.exports.runHelper(${KIT_DESCRIPTOR},ms)`,
].join('');

/**
 * A few hundred calls a second are not worth compiling for: 4 MB less. A heap that is looked through before it grows:
 * another 5 MB after nine minutes. What nobody can choose names in needs no seed of its own for hashes, which takes
 * 4 ms of CPU to find. Node.js 18 and 20 warn that `--jitless` takes WebAssembly away; newer ones refuse the flag that
 * would say so beforehand.
 */
const FLAGS = [
  '--single-threaded',
  '--v8-pool-size=1',
  '--no-rehash-snapshot',
  '--jitless',
  '--expose-gc',
  '--max-semi-space-size=1',
  '--max-old-space-size=32',
  '--optimize-for-size',
];

/** Starts a helper; it ends with the monitor, however that ends. */
export function startHelper(system: System, leash: Leash, kit: KitFile, intervalMs: number): ChildProcess {
  const words = [kit.programAt, kit.programBytes, intervalMs].map(String);
  const args = [...FLAGS, '-e', LOADER, '--', ...words, HELPER_TITLE];
  const child = system.startTalking(process.execPath, args, [kit.descriptor]);
  leash.add(child);
  child.stdin?.on('error', () => undefined);
  return child;
}
