// A head without SSH: NODES busy nodes, by default at 1 Hz, checked and kept as the fleet does it, and the real web side. Started
// by bench/page.ts; tells its port, and on each message the CPU and memory that it has used.
import { readFileSync } from 'node:fs';
import { createCluster } from '../src/cluster/cluster.ts';
import { compileDesign } from '../src/design/compile.ts';
import { keepHeapTight } from '../src/head/keep-heap-tight.ts';
import { writeBrief } from '../src/protocol/brief-line.ts';
import { parseMessage } from '../src/protocol/messages.ts';
import { parseBrief } from '../src/protocol/read-brief.ts';
import { briefSample } from '../src/protocol/sample-brief.ts';
import { createState } from '../src/state/state.ts';
import { createApp } from '../src/web/app.ts';
import { serve } from '../src/web/serve.ts';
import { simulatedFacts, simulatedHello, simulatedSample } from './simulated-sample.ts';

const nodeCount = Number(process.argv[2]);
keepHeapTight(nodeCount);
const INTERVAL_MS = Number(process.argv[3] ?? 1_000);
/** So many different samples are made beforehand: making them is not the head's work. */
const DIFFERENT = 300;
/** The mount point that tells when a sample was taken. */
const MARK = '/taken/0000000000000';
const BATCH_MS = 20;

const state = createState(() => performance.now());
const names = Array.from({ length: nodeCount }, (_, at) => `node${String(at + 1).padStart(4, '0')}`);
const samples = Array.from({ length: DIFFERENT }, () => {
  const sample = simulatedSample(1, INTERVAL_MS, MARK);
  const brief = writeBrief(briefSample(sample, { processes: new Map() }));
  return { brief, whole: JSON.stringify(sample) };
});
const say = (name: string, message: object) => {
  const parsed = parseMessage(JSON.stringify(message));
  if (!parsed.ok) throw new Error(`a simulated message is refused: ${JSON.stringify(parsed)}`);
  state.take({ kind: 'message', name, message: parsed.message, faults: parsed.faults });
};

state.take({ kind: 'listed', nodes: names.map((name) => ({ name, tags: [] })) });
for (const name of names) {
  const way = { node: name, sshWords: ['ssh', name], host: name, port: 22 };
  state.take({ kind: 'connected', name, connection: { way, transport: 'ssh2', logPath: null } });
  say(name, simulatedHello('x'));
  say(name, simulatedFacts);
}

function takeSample(name: string, at: number): void {
  const said = samples[at % DIFFERENT];
  const parsed = parseBrief(said?.brief ?? '');
  if (!said || !parsed.ok) throw new Error('a simulated sample is refused');
  const whole = Buffer.from(said.whole.replace(MARK, `/taken/${Date.now()}`));
  state.take({ kind: 'sample', name, brief: parsed.brief, whole });
}

let next = 0;
const begunMs = performance.now();
/** As many as are due by now, one node after another. */
function takeDue(): void {
  const due = Math.floor(((performance.now() - begunMs) / INTERVAL_MS) * nodeCount);
  for (; next < due; next += 1) takeSample(names[next % nodeCount] ?? '', next * 7);
}
setInterval(takeDue, BATCH_MS);
setInterval(state.checkFreshness, 1_000);

const read = (path: string) => readFileSync(path, 'utf8');
const otherViews = { html: read('templates/views.html'), name: 'templates/views.html' };
const templates = compileDesign(read('index-design.html'), 'index-design.html', otherViews);
const app = createApp({
  version: 'bench',
  demo: false,
  allowedHosts: [],
  token: 'bench',
  cluster: createCluster(state),
  problems: () => [],
  retry: () => false,
  watch: () => undefined,
  templates: () => templates,
  staticDir: 'static',
});
const page = await serve(app, { host: '127.0.0.1', port: 0 });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({
    cpuMs: (user + system) / 1000,
    residentBytes: process.memoryUsage().rss,
    viewers: app.viewerCount,
  });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: 'port' in page.address ? page.address.port : 0 });
