import type { ChildProcess } from 'node:child_process';
import type { Leash } from '../leash.ts';
import type { System } from '../system.ts';
import { HELPER_TITLE } from './helper-messages.ts';

/**
 * The helper's program and koffi's addon, as the head ships them: brotli over four bytes with the program's length, the
 * program (CommonJS that exports `runHelper`) and the addon. They stay in memory.
 */
export type HelperKit = Buffer;

/**
 * Reads the kit from stdin and runs it. `Atomics.wait` is a sleep: stdin may be a socket that has nothing yet.
 * The rest of stdin belongs to the helper.
 */
const LOADER = [
  'const f=require("fs"),n=+process.argv[1],b=Buffer.alloc(n);let o=0;',
  'const w=new Int32Array(new SharedArrayBuffer(4));',
  'while(o<n){let r=-1;try{r=f.readSync(0,b,o,n-o,null)}catch(e){if(e.code!=="EAGAIN")throw e;Atomics.wait(w,0,0,5);continue}',
  'if(r===0)process.exit(0);o+=r}',
  'const k=require("zlib").brotliDecompressSync(b),l=k.readUInt32LE(0);',
  'const M=require("module"),m=new M("/rollcall-nvml.js");m.filename="/rollcall-nvml.js";m.paths=[];',
  'm._compile(k.toString("utf8",4,4+l),m.filename);m.exports.runHelper(k.subarray(4+l),+process.argv[2])',
].join('');

/**
 * A few hundred calls a second are not worth compiling for: 4 MB less. A heap that is looked through before it grows:
 * another 5 MB after nine minutes. `gc` frees what the start needed. Node.js 18 and 20 warn that `--jitless` takes
 * WebAssembly away; newer ones refuse the flag that would say so beforehand.
 */
const FLAGS = [
  '--single-threaded',
  '--jitless',
  '--expose-gc',
  '--max-semi-space-size=1',
  '--max-old-space-size=32',
  '--optimize-for-size',
];

/** Starts a helper; it ends with the monitor, however that ends. */
export function startHelper(system: System, leash: Leash, kit: HelperKit, intervalMs: number): ChildProcess {
  const args = [...FLAGS, '-e', LOADER, '--', String(kit.length), String(intervalMs), HELPER_TITLE];
  const child = system.startTalking(process.execPath, args);
  leash.add(child);
  child.stdin?.on('error', () => undefined);
  child.stdin?.write(kit);
  return child;
}
