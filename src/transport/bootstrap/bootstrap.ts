import { shellQuote } from '../../lib/shell-quote.ts';
import { MONITOR_TITLE } from '../../protocol/constants.ts';

/**
 * The texts of the bootstrap conversation; pure. One command finds a runtime and says a mark with
 * the nonce; then it reads one line of sh from the head, byte by byte, and runs it. Nothing is sent
 * before the mark, because a start-up file may read stdin.
 */

const FIRST = 'roll';
const SECOND = 'call';

/** Version 18.15 or later, as `node -v` prints it. */
const GOOD_VERSION = '(v18.1[5-9].*|v18.[2-9][0-9].*|v19.*|v[2-9][0-9].*)';

/** Where people keep a Node.js that a login without a terminal has not on its PATH. */
const USUAL_PLACES = [
  '/usr/local/bin/node',
  '/usr/bin/node',
  '/usr/bin/nodejs',
  '/opt/node/bin/node',
  '/opt/*/bin/node',
  '"$HOME"/.local/bin/node',
  '"$HOME"/.nvm/versions/node/*/bin/node',
  '"$HOME"/.volta/bin/node',
  '"$HOME"/miniconda3/bin/node',
];

/** A start-up file may have lost them. */
const USUAL_FOLDERS = '/usr/bin /bin /usr/sbin /sbin';

/**
 * Finds a runtime. What was shipped counts only if it is ours, no link, and written by nobody else; a folder below /tmp
 * must be closed to others too.
 * No quote, `!`, newline or doubled backslash may stand here: tcsh and fish read it first. Back quotes, because
 * sash deletes a dollar and a parenthesis even within single quotes.
 */
function findScript(nonce: string, runtime: string | null): string {
  const places = [
    ...(runtime === null ? [] : [runtime]),
    'node',
    '"$HOME"/.cache/rollcall/node-*',
    ...USUAL_PLACES,
  ].join(' ');
  return [
    // The last one makes every start read all certificates of the machine: 50 ms.
    'unset NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS',
    `for p in ${USUAL_FOLDERS}; do case :"$PATH": in (*:"$p":*) ;; (::) PATH=$p;; (*) PATH="$PATH":"$p";; esac; done`,
    'export PATH',
    'u=`id -u`',
    'c=',
    `k() { v=\`"$1" -v 2>/dev/null </dev/null\` && case $v in ${GOOD_VERSION} c=$1; return 0;; esac; return 1; }`,
    'o() { [ -h "$1" ] && return 1; [ -O "$1" ] || return 1; case `ls -ld "$1"` in (?????w*|????????w*) return 1;; esac; }',
    `s() { for f in ${places}; do case $f in (/*) [ -f "$f" ] || continue;; esac; ` +
      'case $f in (*/.cache/rollcall/*) o "$f" || continue;; esac; k "$f" && return; done; ' +
      'for d in /tmp/rollcall-"$u" /tmp/rollcall-"$u".*; do [ -h "$d" ] && continue; [ -O "$d" ] || continue; ' +
      'case `ls -ld "$d"` in (drwx------*) for f in "$d"/node-*; do [ -f "$f" ] && o "$f" && k "$f" && return; done;; esac; done; }',
    's',
    `g=; [ -e ${DRIVER_FOLDER} ] && g="${WITH_DRIVER} "`,
    `echo "${FIRST}""${SECOND}-${nonce} \`uname -s\` \`uname -m\` $u $g$c"`,
    'IFS= read -r l && eval "$l"',
  ].join('; ');
}

/** NVIDIA's kernel module is loaded: the monitor will want the helper that reads NVML. */
const DRIVER_FOLDER = '/proc/driver/nvidia';
const WITH_DRIVER = 'nvidia';

/** The command for any login shell. `runtime` is the path that the settings name, tried first. */
export function bootstrapCommand(nonce: string, runtime: string | null): string {
  return `exec /bin/sh -c '${findScript(nonce, runtime)}'`;
}

/** For rbash, which refuses `exec` and a command with a slash. */
export function restrictedBootstrapCommand(nonce: string, runtime: string | null): string {
  return `sh -c '${findScript(nonce, runtime)}'`;
}

/** What the mark says of the node. */
export interface NodeMark {
  system: string;
  machine: string;
  uid: string;
  /** NVIDIA's kernel module is loaded. */
  hasNvidiaDriver: boolean;
  /** Path of a usable runtime; null where none was found. */
  runtime: string | null;
}

/** Reads the mark out of a line that may begin with a start-up file's text; null where it is not in it. */
export function parseMark(line: string, nonce: string): NodeMark | null {
  const start = line.indexOf(`${FIRST}${SECOND}-${nonce} `);
  if (start < 0) return null;
  const [, system = '', machine = '', uid = '', ...rest] = line.slice(start).trimEnd().split(' ');
  const hasNvidiaDriver = rest[0] === WITH_DRIVER;
  const path = hasNvidiaDriver ? rest.slice(1) : rest;
  return { system, machine, uid, hasNvidiaDriver, runtime: path.length > 0 ? path.join(' ') : null };
}

/**
 * Reads an exact number of bytes from stdin and runs them: nothing is written to disk. gzip tells whether they came whole;
 * that nobody changed them on the way is ssh's to see to, and to load `crypto` for a hash would take 11 ms of CPU.
 * `Atomics.wait` is a sleep: stdin may be a pipe that has nothing yet. In a block, so that the bytes are freed.
 */
const LOADER = [
  '{const f=require("fs"),n=+process.argv[1],b=Buffer.alloc(n);let o=0;',
  'const w=new Int32Array(new SharedArrayBuffer(4));',
  'while(o<n){let r=-1;try{r=f.readSync(0,b,o,n-o,null)}catch(e){if(e.code!=="EAGAIN")throw e;Atomics.wait(w,0,0,5);continue}',
  'if(r===0)process.exit(0);o+=r}',
  'let s;try{s=require("zlib").gunzipSync(b,{chunkSize:1<<20}).toString()}catch{console.error("the monitor arrived damaged");process.exit(71)}',
  'const M=require("module"),m=new M("/rollcall-monitor.js");m.filename="/rollcall-monitor.js";m.paths=[];',
  'm._compile(s,m.filename)}',
].join('');

/**
 * Fewer threads, and a heap that V8 looks through before it grows: without the last flag a monitor holds 7 MiB more
 * after nine minutes, at the same CPU. A few milliseconds a second are not worth optimising for: with V8's compiler a
 * sample costs 4.2 ms after seven minutes, without it 3.4.
 */
export const MONITOR_FLAGS = [
  '--single-threaded',
  '--v8-pool-size=1',
  '--expose-gc',
  '--no-opt',
  '--max-semi-space-size=1',
  '--max-old-space-size=64',
  '--optimize-for-size',
];

/**
 * For glibc: one heap, and what is large is given back when it is freed. By default the first large buffer that is freed
 * makes it keep all later ones, which is 2 MiB.
 */
const ALLOCATOR = 'MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=65536';

export interface MonitorStart {
  /** The gzipped monitor that follows on stdin. */
  payloadBytes: number;
  build: string;
  nonce: string;
  intervalMs: number;
  node: string;
  headId: string;
}

/** The line that turns the waiting shell into the monitor. `$c` is the runtime that was found or shipped. */
export function startLine(start: MonitorStart): string {
  const words = [
    String(start.payloadBytes),
    start.build,
    start.nonce,
    String(start.intervalMs),
    MONITOR_TITLE,
    start.node,
    start.headId,
  ];
  return `export ${ALLOCATOR}; exec "$c" ${MONITOR_FLAGS.join(' ')} -e ${shellQuote(LOADER)} -- ${words.map(shellQuote).join(' ')}\n`;
}

export interface RuntimeUpload {
  nonce: string;
  /** File name that carries version, machine and hash. */
  name: string;
  gzipBytes: number;
  rawBytes: number;
  rawSha256: string;
}

/** A folder that needs so much more than the runtime itself is not filled to the brim. */
const SPARE_KIB = 4096;

/**
 * One line of sh that takes a gzipped runtime from stdin into a folder of the user's and then waits
 * for the next line. It says `send` when it is ready for the bytes, `wait` while another login
 * uploads the same, `ready` when `$c` is usable, `fail CAUSE text` when there is no way.
 */
export function uploadLine(upload: RuntimeUpload): string {
  const neededKib = Math.ceil(upload.rawBytes / 1024) + SPARE_KIB;
  const lines = [
    `n=${shellQuote(upload.name)}; z=; w=;`,
    `say() { echo "${FIRST}""${SECOND}-${upload.nonce} $*"; };`,
    // A folder is good when it is ours, has room, and runs programs.
    'good() { d=$1; mkdir -p "$d" 2>/dev/null; [ -d "$d" ] || { w="$w no-folder:$d"; return 1; };',
    '[ ! -h "$d" ] && [ -O "$d" ] || { w="$w foreign:$d"; return 1; };',
    // A file that somebody else put there while it was open is not run.
    'chmod 700 "$d" 2>/dev/null; [ -e "$d/$n" ] && { [ ! -O "$d/$n" ] || [ -h "$d/$n" ]; } && rm -f "$d/$n"; [ -f "$d/$n" ] && return 0;',
    `a=$(df -Pk "$d" 2>/dev/null | tail -n 1 | sed 's/ *[0-9]*% .*$//; s/^.* //');`,
    `case $a in ""|*[!0-9]*) ;; *) [ "$a" -ge ${neededKib} ] || { w="$w no-space:$d"; return 1; };; esac;`,
    `t="$d/.try-${upload.nonce}"; { echo "#!/bin/sh" > "$t"; } 2>/dev/null && chmod 700 "$t" || { rm -f "$t"; w="$w no-space:$d"; return 1; };`,
    '"$t" 2>/dev/null; r=$?; rm -f "$t"; [ $r = 0 ] || { w="$w noexec:$d"; return 1; }; return 0; };',
    'pick() { [ -n "$HOME" ] && [ -d "$HOME" ] && good "$HOME/.cache/rollcall" && return 0;',
    'good "/tmp/rollcall-$u" && return 0; case $w in *"foreign:/tmp/rollcall-$u"*) ;; *) return 1;; esac;',
    'x=$(mktemp -d "/tmp/rollcall-$u.XXXXXX" 2>/dev/null) && good "$x"; };',
    'pick || { say fail folder $w; exit 1; };',
    'l="$d/$n.lock"; p="$d/$n";',
    // The head closes the channel at once: what was begun is taken away before it hears of the failure.
    'give_up() { rm -rf "$l"; say fail "$@"; exit 1; };',
    // One login uploads; the others wait. A lock in which nothing moved for a minute is stolen by one.
    'while [ ! -f "$p" ]; do if mkdir "$l" 2>/dev/null; then z=1; break; fi;',
    `if [ -d "$l" ] && [ -z "$(find "$l" -mmin -1 2>/dev/null)" ]; then mv "$l" "$l.${upload.nonce}" 2>/dev/null && rm -rf "$l.${upload.nonce}"; fi;`,
    'say wait; sleep 1; done;',
    'if [ -n "$z" ]; then trap \'rm -rf "$l"\' EXIT; trap "exit 1" HUP INT TERM PIPE;',
    `q="$l/${upload.nonce}"; say send; head -c ${upload.gzipBytes} | gunzip > "$q" || give_up write "$d";`,
    'h=$(sha256sum < "$q" 2>/dev/null); h=${h%% *};',
    `[ -z "$h" ] || [ "$h" = ${upload.rawSha256} ] || give_up damaged "$d";`,
    'chmod 700 "$q"; e=$("$q" -v 2>&1 </dev/null) || give_up start "$e";',
    'mv "$q" "$p" || give_up write "$d"; trap - EXIT HUP INT TERM PIPE; rm -rf "$l"; fi;',
    'e=$("$p" -v 2>&1 </dev/null) || { say fail start "$e"; exit 1; };',
    'c=$p; say ready; IFS= read -r l && eval "$l"',
  ];
  return `${lines.join(' ')}\n`;
}

/** What the uploading shell says. */
export type UploadReply =
  | { kind: 'send' }
  | { kind: 'wait' }
  | { kind: 'ready' }
  | { kind: 'fail'; reason: string; detail: string };

/** Null where the line has no mark with this nonce: login noise. */
export function parseUploadReply(line: string, nonce: string): UploadReply | null {
  const start = line.indexOf(`${FIRST}${SECOND}-${nonce} `);
  if (start < 0) return null;
  const [, kind, reason = '', ...detail] = line.slice(start).trimEnd().split(' ');
  if (kind === 'send' || kind === 'wait' || kind === 'ready') return { kind };
  return kind === 'fail' ? { kind, reason, detail: detail.join(' ') } : null;
}
