// A node that speaks the bootstrap honestly and then turns on the head. Stands where Node.js should be:
//   hostile-node.cjs MODE -v            answers as Node.js does
//   hostile-node.cjs MODE ... -- WORDS  is asked to become the monitor; WORDS end with the monitor's arguments
// or is the login shell: hostile-node.cjs MODE -c COMMAND
'use strict';
const { writeSync } = require('node:fs');

const [mode, ...words] = process.argv.slice(2);
if (words[0] === '-v') {
  console.log('v20.9.0');
  process.exit(0);
}
const [build, nonce, , , node] = words.slice(-6);

const EVIL =
  '</script><img src=x onerror=alert(1)>"\'\u001b[2J\u001b]0;owned\u0007\u202egnp.exe\u0000&amp;\u009b31m';
const ABSURD = [1e308, -1, 2 ** 63, -0.5, 'NaN', null, true, [], {}];

/** Blocks while the pipe is full, so that memory is the head's trouble and not ours. */
function say(text, descriptor = 1) {
  let rest = Buffer.isBuffer(text) ? text : Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') process.exit(0);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
const tell = (message) => say(`${JSON.stringify(message)}\n`);
const forever = (action) => {
  for (;;) action();
};

const hello = {
  type: 'hello',
  protocol: 1,
  build,
  nonce,
  pid: 4242,
  hostname: node,
  os: 'Evil',
  kernel: '6',
  runtime: 'v20.9.0',
  cores: 8,
  threads: 8,
  memoryTotalBytes: 2 ** 30,
  clockMs: Date.now(),
  gpus: null,
};
const fine = { ok: true, ms: 1 };
const sample = (sequence, more = {}) => ({
  type: 'sample',
  sequence,
  takenAtMs: Date.now(),
  intervalMs: 1000,
  collectors: {
    cpu: fine,
    memory: fine,
    filesystems: fine,
    disks: fine,
    network: fine,
    gpus: fine,
    processes: fine,
  },
  cpu: { totalPercent: 12, corePercents: [12], load1: 0, load5: 0, load15: 0 },
  memory: null,
  filesystems: null,
  disks: null,
  network: null,
  gpus: { index: [], health: [] },
  gpuProcesses: { pid: [], gpuIndex: [] },
  processCount: 3,
  topProcesses: { pid: [] },
  ...more,
});
/** A figure as 16 bits of a float: the head wants it so. */
const code = (value) => {
  if (typeof value !== 'number') return 0;
  if (value <= 0) return 1;
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, value);
  return Math.min(65535, ((bits.getUint32(0) + 4096) >>> 13) - (116 << 10));
};
const base64 = (codes) => Buffer.from(Uint16Array.from(codes).buffer).toString('base64');
const last = (rows, name) => rows?.at(-1)?.[name] ?? null;
/** What goes before a sample. */
const brief = ({ sequence, intervalMs, collectors, cpu, network, disks, gpus, gpuProcesses }) => {
  const failed = Object.values(collectors).reduce((bits, { ok }, at) => bits | (ok ? 0 : 1 << at), 0);
  const machine = [
    cpu?.totalPercent,
    null,
    null,
    last(network, 'receiveBytesPerSecond'),
    last(network, 'transmitBytesPerSecond'),
    last(disks, 'readBytesPerSecond'),
    last(disks, 'writeBytesPerSecond'),
    last(disks, 'busyPercent'),
  ].map(code);
  const held = (index) => Number(gpuProcesses.gpuIndex.includes(index));
  const rows = gpus?.index.flatMap((index) => [2 * index + held(index), 0, 0, 0, 0]) ?? [];
  return [sequence, intervalMs, failed, base64(machine), rows.length > 0 ? base64(rows) : null, null, null];
};
const tellSample = (message) => say(`${JSON.stringify(brief(message))}\t${JSON.stringify(message)}\n`);
/** Sends a sample a second with what `more` makes of its number. */
const live = (more = () => ({})) => {
  let sequence = 0;
  const next = () => tellSample(sample(++sequence, more(sequence)));
  next();
  setInterval(next, 1000);
};
const evilGpu = {
  index: 0,
  uuid: EVIL,
  name: EVIL,
  vendor: EVIL,
  pciAddress: EVIL,
  driverVersion: EVIL,
  memoryTotalBytes: 2 ** 34,
};
const evilProcess = (pid) => ({ pid, startTimeMs: 1, user: EVIL, command: EVIL, arguments: EVIL });

/** After an honest hello, or instead of one. */
const modes = {
  silent: () => setInterval(() => 0, 1000),
  'endless-hello': () => forever(() => say('x'.repeat(65536))),
  'wrong-version': () => tell({ ...hello, protocol: 999 }),
  'wrong-nonce': () => tell({ ...hello, nonce: 'f'.repeat(24) }),
  'absurd-hello': () => tell({ ...hello, pid: -1e308 }),
  'invalid-hello': () =>
    say(
      Buffer.concat([
        Buffer.from(`{"type":"hello","nonce":"${nonce}",`),
        Buffer.from([0xff, 0xc0, 0x80, 10]),
      ]),
    ),
  'half-line': () => {
    tell(hello);
    live();
    setTimeout(() => {
      say('{"type":"sample","sequ');
      process.stdin.resume();
      for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }, 1500);
  },
  'invalid-utf8': () => {
    tell(hello);
    say(Buffer.from([0xff, 0xfe, 0xc3, 0x28, 10]));
  },
  'deep-json': () => {
    tell(hello);
    say(`{"type":"facts","processes":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`);
  },
  'endless-line': () => {
    tell(hello);
    forever(() => say('x'.repeat(65536)));
  },
  'byte-by-byte': () => {
    tell(hello);
    tellSample(sample(1));
    forever(() => say('y'));
  },
  'error-flood': () => {
    tell(hello);
    const lines = `${EVIL} ${'e'.repeat(40)}\n`.repeat(1000);
    forever(() => say(lines, 2));
  },
  'message-flood': () => {
    tell(hello);
    let sequence = 0;
    forever(() => tellSample(sample(++sequence)));
  },
  'facts-flood': () => {
    tell(hello);
    let pid = 0;
    const rows = () =>
      Array.from({ length: 300 }, () => ({ ...evilProcess(++pid), arguments: 'a'.repeat(1500) }));
    forever(() => tell({ type: 'facts', processes: rows() }));
  },
  'million-processes': () => {
    tell(hello);
    tellSample(sample(1, { topProcesses: { pid: Array.from({ length: 150_000 }, (_, pid) => pid) } }));
  },
  'large-strings': () => {
    tell(hello);
    live((sequence) => {
      tell({ type: 'facts', processes: [{ ...evilProcess(sequence), arguments: 'z'.repeat(900_000) }] });
      return {};
    });
  },
  absurd: () => {
    tell({ ...hello, cores: -8, threads: 1e308, memoryTotalBytes: 'NaN' });
    live((sequence) => {
      const value = ABSURD[sequence % ABSURD.length];
      const column = [value, 50];
      return {
        intervalMs: 2 ** 53,
        takenAtMs: -1e308,
        processCount: value,
        cpu: { totalPercent: value, corePercents: column, load1: value, load5: value, load15: value },
        memory: {
          totalBytes: value,
          availableBytes: value,
          usedBytes: value,
          swapTotalBytes: value,
          swapUsedBytes: value,
        },
        filesystems: [
          {
            mountPoint: '/',
            source: 'x',
            fsType: 'ext4',
            kind: 7,
            totalBytes: value,
            usedBytes: value,
            availableBytes: value,
          },
        ],
        disks: [{ name: 'sda', readBytesPerSecond: value, writeBytesPerSecond: value, busyPercent: value }],
        network: [{ name: 'eth0', receiveBytesPerSecond: value, transmitBytesPerSecond: value }],
        gpus: {
          index: [0, 1],
          health: ['ok', 'fine'],
          utilizationPercent: column,
          memoryUsedBytes: column,
          temperatureCelsius: column,
          powerWatts: column,
        },
      };
    });
  },
  'absurd-sequence': () => {
    tell(hello);
    tellSample(sample(1e308));
  },
  'no-brief': () => {
    tell(hello);
    tell(sample(1));
  },
  'no-whole': () => {
    tell(hello);
    say(`${JSON.stringify(brief(sample(1)))}\n`);
  },
  'brief-rubbish': () => {
    tell(hello);
    say(`[1,1000,0,"!",null,null,null]\t${JSON.stringify(sample(1))}\n`);
  },
  'two-tales': () => {
    tell(hello);
    const told = sample(1, { cpu: { ...sample(1).cpu, totalPercent: 99 } });
    say(`${JSON.stringify(brief(sample(1)))}\t${JSON.stringify(told)}\n`);
  },
  /** Only who asks for it finds it. */
  'late-rubbish': () => {
    tell(hello);
    let sequence = 0;
    const next = () => {
      const told = sample(++sequence);
      say(`${JSON.stringify(brief(told))}\t${sequence === 1 ? JSON.stringify(told) : '{}'}\n`);
    };
    next();
    setInterval(next, 1000);
  },
  markup: () => {
    tell({
      ...hello,
      hostname: EVIL,
      os: EVIL,
      kernel: EVIL,
      runtime: EVIL,
      cpuModel: EVIL,
      logPath: EVIL,
      statusPath: EVIL,
      notes: [EVIL],
      gpus: [evilGpu],
    });
    say(`${EVIL}\n`, 2);
    tell({ type: 'facts', gpus: [evilGpu], processes: [evilProcess(7), evilProcess(8)] });
    live(() => ({
      collectors: {
        cpu: fine,
        memory: fine,
        filesystems: fine,
        disks: { ok: false, ms: 1, error: EVIL },
        network: fine,
        gpus: fine,
        processes: fine,
      },
      filesystems: [
        {
          mountPoint: EVIL,
          source: EVIL,
          fsType: EVIL,
          kind: EVIL,
          totalBytes: 1,
          usedBytes: 1,
          availableBytes: 0,
          error: EVIL,
        },
      ],
      disks: [{ name: EVIL, readBytesPerSecond: 1, writeBytesPerSecond: 1, busyPercent: 1 }],
      network: [{ name: EVIL, receiveBytesPerSecond: 1, transmitBytesPerSecond: 1 }],
      gpus: { index: [0], health: ['error'], error: [EVIL], performanceState: [EVIL] },
      gpuProcesses: { pid: [7], gpuIndex: [0], state: [EVIL] },
      topProcesses: { pid: [8], state: [EVIL] },
    }));
  },
  'evil-bye': () => {
    tell(hello);
    tellSample(sample(1));
    say(`${EVIL}\n`, 2);
    tell({ type: 'bye', reason: EVIL });
    process.exit(1);
  },
  'bye-loop': () => {
    tell(hello);
    tellSample(sample(1));
    tell({ type: 'bye', reason: 'again' });
    process.exit(1);
  },
  'two-hellos': () => {
    tell(hello);
    tellSample(sample(1));
    tell(hello);
  },
  'same-sequence': () => {
    tell(hello);
    tellSample(sample(5));
    tellSample(sample(5));
  },
  'back-in-sequence': () => {
    tell(hello);
    tellSample(sample(9));
    tellSample(sample(3));
  },
  'after-bye': () => {
    tell(hello);
    tell({ type: 'bye', reason: 'not really' });
    tellSample(sample(1));
  },
  // As a login shell, before anything was said.
  'login-line': () => forever(() => say('x'.repeat(65536))),
  'login-noise': () => forever(() => say(`${EVIL}\n`.repeat(500))),
  'login-errors': () => forever(() => say('e\n'.repeat(32768), 2)),
};

process.stdin.on('error', () => 0);
process.stdin.on('end', () => process.exit(0)).resume();
process.stdout.on('error', () => 0);
modes[mode]();
