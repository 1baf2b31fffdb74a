// npm run pair -- --before FOLDER [--pairs 5] BENCH [WORDS…]: runs one benchmark of two checkouts in turns (A B A B …), and
// prints every figure of both as a median with their ratio. `few` is run from here for both, since it drives the built
// product; the others are each checkout's own. Both must be installed (npm ci); they are built here.
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';

const given = hideBin(process.argv);
const border = given.includes('--') ? given.indexOf('--') : given.length;
/** What follows `--` is the benchmark's. */
const words = given.slice(border + 1);

const options = await yargs(given.slice(0, border))
  .usage('npm run pair -- --before FOLDER [options] BENCH [-- WORDS…]')
  .option('before', { type: 'string', demandOption: true, describe: 'The checkout to compare with' })
  .option('after', { type: 'string', default: '.', describe: 'The checkout that is compared' })
  .option('pairs', { type: 'number', default: 5, describe: 'Runs of each' })
  .option('built', { type: 'boolean', default: false, describe: 'Both are built already' })
  .demandCommand(1, 1, 'Name the benchmark: head, page, monitor, few, …')
  .strictOptions()
  .parseAsync();

const [bench] = options._.map(String);
const sides = { before: resolve(options.before), after: resolve(options.after) };

function run(folder, args) {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return stdout;
  throw new Error(
    `${folder}: node ${args.join(' ')}: ${error?.message ?? `exit ${status}`}\n${stdout}${stderr}`,
  );
}

const runBench = (folder) =>
  bench === 'few'
    ? run(process.cwd(), ['bench/run.mjs', 'few', '--project', folder, ...words])
    : run(folder, ['bench/run.mjs', bench, ...words]);

/** `| what | 12.3 ms, 4 MiB |`: all numbers of a value, each under its row's name; a heading names its part. */
function figuresOf(text) {
  const figures = new Map();
  let part = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('## ')) part = `${line.slice(3)}: `;
    const [, what, value] = line.split('|').map((cell) => cell.trim());
    if (!value || /^-+$/.test(value) || what === 'what') continue;
    const numbers = value.match(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g) ?? [];
    for (const [at, number] of numbers.entries())
      figures.set(`${part}${what}${at === 0 ? '' : ` (${at + 1})`}`, { number: Number(number), value });
  }
  return figures;
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

if (!options.built) for (const folder of Object.values(sides)) run(folder, ['build.mjs']);
const results = { before: [], after: [] };
for (let pair = 1; pair <= options.pairs; pair += 1) {
  // Who comes first changes, so that a machine that warms up or fills up favours neither.
  const order = pair % 2 === 1 ? ['before', 'after'] : ['after', 'before'];
  for (const side of order) {
    console.error(`pair ${pair} of ${options.pairs}: ${side}`);
    results[side].push(figuresOf(runBench(sides[side])));
  }
}

const short = (number) => String(Number(number.toPrecision(4)));
const spread = (numbers) =>
  `${short(median(numbers))} (${short(Math.min(...numbers))}..${short(Math.max(...numbers))})`;
const [first] = cpus();
console.log(`${bench} ${words.join(' ')}: ${options.pairs} runs each, medians (least..most)`);
console.log(`Machine: ${cpus().length} × ${first?.model.trim()}, Node.js ${process.version}\n`);
console.log('| what | before | after | after / before |\n|---|---|---|---|');
for (const name of results.after[0].keys()) {
  const of = (side) => results[side].flatMap((figures) => figures.get(name)?.number ?? []);
  const [before, after] = [of('before'), of('after')];
  if (before.length === 0) continue;
  const ratio = median(after) / median(before);
  console.log(
    `| ${name} | ${spread(before)} | ${spread(after)} | ${Number.isFinite(ratio) ? ratio.toFixed(2) : ''} |`,
  );
}
