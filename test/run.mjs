// Runs all tests: `npm test`, or `npm test -- PATH...` for some of them. Plain Node.js, because it also
// installs the packages. It leaves nothing running, whatever happens.
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const fleetScript = join(root, 'test', 'fleet', 'fleet.sh');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const extra = process.argv.slice(2);
const isRoot = process.getuid?.() === 0;
const NODES = 4;
/** The fleet's tests wait most of their time: so many fleets, each with a share of the files, run side by side. */
const FLEETS = 2;

/** Program → Debian packages. */
const debianPackages = {
  ssh: 'openssh-client',
  sshd: 'openssh-server',
  ip: 'iproute2',
  nft: 'nftables',
  ping: 'iputils-ping',
  dash: 'dash',
  fish: 'fish',
  tcsh: 'tcsh',
  zsh: 'zsh',
  sshpass: 'sshpass',
  chromium: 'chromium',
  ps: 'procps',
  script: 'bsdutils',
  openssl: 'openssl',
  cc: 'gcc libc6-dev',
};

/**
 * What a few tests need, which are skipped with a line without it: a security key without hardware, a Kerberos
 * realm, batch schedulers, containers, a database, sessions.
 */
const optionalPackages = [
  { file: '/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so', packages: ['openssh-tests'] },
  { file: '/usr/sbin/krb5kdc', packages: ['krb5-kdc', 'krb5-admin-server', 'krb5-user'] },
  { file: '/usr/sbin/slurmctld', packages: ['slurm-wlm', 'munge'] },
  { file: '/usr/sbin/sge_execd', packages: ['gridengine-master', 'gridengine-exec', 'gridengine-client'] },
  { file: '/usr/bin/podman', packages: ['podman', 'runc', 'uidmap', 'busybox-static'] },
  { file: '/usr/bin/pg_createcluster', packages: ['postgresql'] },
  { file: '/usr/bin/tmux', packages: ['tmux'] },
  { file: '/usr/bin/screen', packages: ['screen'] },
];

/** What runs now, each the leader of its process group. */
const children = new Set();
let stopping = null;
const skipped = [];
/** What went wrong, said again at the end of all output. */
const failures = [];

function findProgram(name) {
  const folders = `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const missingOf = (programs) => programs.filter((program) => !findProgram(program));

/**
 * Resolves to the exit code. The child leads a process group of its own, so that it can be ended whole. `isHeldBack`:
 * what it says is shown at its end, because another one speaks meanwhile.
 */
function run(command, args, env = {}, isHeldBack = false) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: isHeldBack ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      detached: true,
      env: { ...process.env, ...env },
    });
    children.add(child);
    const said = [];
    child.stdout?.on('data', (chunk) => said.push(chunk));
    child.stderr?.on('data', (chunk) => said.push(chunk));
    const end = (code) => {
      children.delete(child);
      process.stdout.write(Buffer.concat(said));
      resolve(code);
    };
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      end(127);
    });
    child.on('close', (code) => end(code ?? 1));
  });
}

function signalChildren(signal) {
  for (const { pid } of children) {
    try {
      if (pid) process.kill(-pid, signal);
    } catch {
      // it has just ended
    }
  }
}

function stopOn(signal) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = signal;
    signalChildren('SIGTERM');
    setTimeout(() => signalChildren('SIGKILL'), 5_000).unref();
  });
}

function skip(group, why) {
  skipped.push(group);
  console.log(`skipped: ${group} tests, because ${why}`);
}

/** How many test files of these folders are asked for: all where no path was. */
function countAskedFor(folders) {
  const filters = extra.filter((word) => !word.startsWith('-'));
  const files = folders.flatMap(({ folder, recursive }) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive }).map((file) => join(folder, String(file)))
      : [],
  );
  return files.filter(
    (file) =>
      file.endsWith('.test.ts') &&
      (filters.length === 0 || filters.some((word) => join(root, file).includes(word.replace(/^\.\//, '')))),
  ).length;
}

async function runVitest(project, { env, prefix = [], options = [], isHeldBack = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
  const failuresFile = join(folder, 'failures');
  const words = [
    ...prefix,
    process.execPath,
    vitest,
    'run',
    '--passWithNoTests',
    '--project',
    project,
    ...options,
    ...extra,
  ];
  const code = await run(words[0], words.slice(1), { ...env, FAILURES: failuresFile }, isHeldBack);
  if (code !== 0) {
    const said = existsSync(failuresFile) ? readFileSync(failuresFile, 'utf8') : '';
    failures.push(`${project} tests ended with ${code}\n${said || 'without naming a test'}`);
  }
  rmSync(folder, { recursive: true, force: true });
  return code;
}

async function installPackages() {
  if (existsSync(vitest)) return 0;
  console.log('installing the node packages (npm ci)');
  return run('npm', ['ci']);
}

/** As root on Debian, installs what the fleet and browser tests need. A failure only makes groups be skipped. */
async function installDebianPackages(programs) {
  const missing = missingOf(programs);
  if (missing.length === 0 || !isRoot || !findProgram('apt-get')) return;
  const packages = missing.flatMap((program) => debianPackages[program].split(' '));
  console.log(`installing Debian packages that the tests need: ${packages.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['-q', 'update'], env);
  if (stopping) return;
  await run('apt-get', ['-q', 'install', '-y', '--no-install-recommends', ...packages], env);
}

/** Figures are compared with those of ps, free and vmstat; the stand-in for NVML is compiled. */
async function runUnitTests() {
  await installDebianPackages(['ps', 'cc']);
  // Many of them wait for programs and timers.
  return stopping ? 1 : runVitest('unit', { options: ['--maxWorkers=2'] });
}

async function installOptionalPackages() {
  if (!isRoot || !findProgram('apt-get')) return;
  // One group after the other: a package that is not to be had takes no others along.
  for (const { file, packages } of optionalPackages) {
    if (stopping) return;
    if (existsSync(file)) continue;
    console.log(`installing Debian packages that some tests use: ${packages.join(' ')}`);
    const words = ['-q', 'install', '-y', '--no-install-recommends', ...packages];
    await run('apt-get', words, { DEBIAN_FRONTEND: 'noninteractive' });
  }
}

async function runFleetTests() {
  const needed = Object.keys(debianPackages).filter((program) => program !== 'chromium');
  await installDebianPackages(needed);
  if (!stopping) await installOptionalPackages();
  if (stopping) return 1;
  const unmet = missingOf(isRoot ? needed : ['ssh', 'sshd']);
  if (process.platform !== 'linux' || unmet.length > 0) {
    skip(
      'fleet',
      `this machine lacks ${unmet.map((program) => debianPackages[program]).join(', ') || 'Linux'}`,
    );
    return 0;
  }
  if (!isRoot) {
    skip('fleet', 'network namespaces need root; those that one ordinary sshd can serve are run');
    return runVitest('fleet');
  }
  const lanes = Math.max(1, Math.min(FLEETS, countAskedFor(fleet.folders)));
  const codes = await Promise.all(Array.from({ length: lanes }, (_, at) => runFleet(at + 1, lanes)));
  return Math.max(...codes);
}

/** One fleet of `lanes`, and its share of the tests. */
async function runFleet(lane, lanes) {
  const env = {
    FLEET_STATE: mkdtempSync(join(tmpdir(), 'rollcall-fleet-')),
    FLEET_PREFIX: `rollcall-${process.pid}-${lane}`,
    FLEET_OWNER: String(process.pid),
    FLEET_BARE: String(NODES),
  };
  try {
    const code = await run(fleetScript, ['up', String(NODES)], env);
    if (code !== 0 || stopping) return code || 1;
    const options = [`--shard=${lane}/${lanes}`];
    return await runVitest('fleet', { env, prefix: [fleetScript, 'head'], options, isHeldBack: lane > 1 });
  } finally {
    await run(fleetScript, ['down'], env);
    rmSync(env.FLEET_STATE, { recursive: true, force: true });
  }
}

/** `isBeside`: other tests run meanwhile. */
async function runBrowserTests(isBeside) {
  if (stopping) return 1;
  if (findProgram('chromium')) return runVitest('browser', { isHeldBack: isBeside });
  skip('browser', 'this machine lacks chromium');
  return 0;
}

const unit = {
  folders: [
    { folder: 'src', recursive: true },
    { folder: 'test', recursive: false },
  ],
  start: runUnitTests,
};
const browser = { folders: [{ folder: 'test/browser', recursive: true }], start: runBrowserTests };
const fleet = { folders: [{ folder: 'test/fleet', recursive: true }], start: runFleetTests };
const groups = [unit, browser, fleet];

async function main() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) stopOn(signal);
  const installed = await installPackages();
  if (installed !== 0 || stopping) return installed || 1;
  // A broken build is a failure, yet the other tests may say why.
  let failed = (await run(process.execPath, ['build.mjs'])) !== 0;
  const named = groups.filter((group) => countAskedFor(group.folders) > 0);
  // Words that name no file belong to an option: `-t something`.
  const asked = named.length === 0 && extra.some((word) => word.startsWith('-')) ? groups : named;
  if (asked.length === 0) {
    console.error(`no test matches ${extra.join(' ')}`);
    failed = true;
  }
  // One installation at a time.
  if (asked.includes(browser)) await installDebianPackages(['chromium']);
  // The fleet's tests have the machine to themselves: many look at the clock.
  const beside = asked.filter((group) => group !== fleet);
  const codes = await Promise.all(beside.map((group) => group.start(beside.length > 1)));
  if (asked.includes(fleet) && !stopping) codes.push(await fleet.start());
  if (codes.some((code) => code !== 0)) failed = true;
  for (const failure of failures) console.error(`\nfailed: ${failure}`);
  if (skipped.length > 0 && process.env.CI === 'true') {
    console.error(`CI=true: skipped tests are a failure (${skipped.join(', ')})`);
    failed = true;
  }
  return failed || stopping ? 1 : 0;
}

process.exitCode = await main();
