import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomSshConfig } from '../../../test/support/random-ssh-config.ts';
import { learnTemplate } from './answer-template.ts';
import { createSshAsker, type Place, settingsCommand } from './ask-ssh.ts';
import { createNameGroups } from './name-groups.ts';
import { type RunTool, runTool, type ToolResult } from './run-tool.ts';
import { listConfigFiles } from './ssh-config-files.ts';
import { formatHops } from './ssh-hops.ts';
import { createSettingsResolver } from './ssh-settings.ts';

/** Each is asked for twelve names; several thousand of them take some minutes. */
const { SSH_CONFIGURATIONS, SSH_CONFIGURATIONS_SEED } = process.env;
const CONFIGURATIONS = Number(SSH_CONFIGURATIONS ?? 120);
const FIRST_SEED = Number(SSH_CONFIGURATIONS_SEED ?? 1);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Iterable<[string, string]>): void {
  for (const [name, text] of files) {
    mkdirSync(join(folder, dirname(name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

const placeOf = (host: string, user: string | null = null): Place => ({ host, user, port: null });

/** The real ssh, with a home of its own for what `Include` names; what it said is kept by its words. */
function watchedSsh() {
  const said = new Map<string, ToolResult>();
  let probes = 0;
  const run: RunTool = async (tool, args) => {
    const answer = await runTool('env', [`HOME=${folder}`, tool, ...args]);
    if (args[0] === '-v') probes += 1;
    else said.set(args.join(' '), answer);
    return answer;
  };
  const options = {
    sshConfigFile: join(folder, 'config'),
    home: userInfo().homedir,
    environment: { ...process.env, HOME: folder },
    run,
  };
  const answerTo = (place: Place) => said.get(settingsCommand(options.sshConfigFile, place).join(' '));
  return { options, answerTo, asked: () => said.size, probes: () => probes };
}

type Watched = ReturnType<typeof watchedSsh>;
const settle = (places: readonly Place[], { options }: Watched) => {
  const resolver = createSettingsResolver(options);
  return Promise.allSettled(places.map((place) => resolver.resolve(place)));
};

/** Asks ssh for all that it was not asked for, and compares. Returns how many answers were put together. */
async function compareWithSsh(
  places: readonly Place[],
  about: string,
): Promise<{ shared: number; asked: number }> {
  const watched = watchedSsh();
  const found = await settle(places, watched);
  const asked = watched.asked() + watched.probes();
  const truth = watchedSsh();
  const asker = createSshAsker(truth.options);
  const derived = places.flatMap((place, index) =>
    watched.answerTo(place) ? [] : [{ place, found: found[index] }],
  );
  const { telling } = await listConfigFiles(
    truth.options.sshConfigFile,
    truth.options.home,
    truth.options.environment,
  );
  const { groupOf } = createNameGroups(telling);
  await Promise.all(
    derived.map(async ({ place, found }) => {
      const context = `${about}: ${formatHops([place])}`;
      const { text, settings } = await asker.ask(place).catch((error: unknown) => {
        throw new Error(`${context} has settings, but ssh refuses it`, { cause: error });
      });
      expect(found, context).toEqual({ status: 'fulfilled', value: settings });
      // The whole answer, too, and not only what of it is used: by any two of the group that ssh was asked for.
      const group = places.filter(
        (other) => groupOf(other) === groupOf(place) && watched.answerTo(other)?.code === 0,
      );
      const texts = group.map((other) => ({ name: other.host, text: watched.answerTo(other)?.stdout ?? '' }));
      const pairs = texts.flatMap((one) => texts.map((other) => learnTemplate(one, other, hostname())));
      expect(
        pairs.flatMap((template) => template?.answerFor(place.host) ?? []),
        context,
      ).toContain(text);
    }),
  );
  return { shared: derived.length, asked };
}

describe('answers that names share', () => {
  it(`are what ssh says, in ${CONFIGURATIONS} random configurations`, async () => {
    let shared = 0;
    let names = 0;
    const plain = { shared: 0, names: 0, asked: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + CONFIGURATIONS; seed++) {
      const isPlain = seed % 2 === 0;
      const config = randomSshConfig(seed, isPlain);
      rmSync(join(folder, '.ssh'), { recursive: true, force: true });
      write(config.files);
      const places = config.names.map((host, index) => placeOf(host, config.users[index]));
      const counts = await compareWithSsh(places, `seed ${seed}`);
      shared += counts.shared;
      names += places.length;
      if (!isPlain) continue;
      plain.shared += counts.shared;
      plain.names += places.length;
      plain.asked += counts.asked;
    }
    if (SSH_CONFIGURATIONS)
      console.log(`${shared} of ${names} names shared an answer; plain: ${JSON.stringify(plain)}`);
    expect(shared).toBeGreaterThan(names / 10);
    expect(plain.asked).toBeLessThan(plain.names);
  }, 3_600_000);

  const nodes = Array.from({ length: 60 }, (_, index) => placeOf(`sim${index % 4}-${index}`));
  const forAll = (text: string) => `Host sim0-1\n  Port 2200\nHost sim*\n${text}\n`;

  it.each([
    ['nothing', ''],
    ['a domain', 'HostName %h.example.org'],
    ['a hash', 'ControlPath ~/.ssh/cm-%C'],
    ['a jump host', 'ProxyJump gw'],
    ['keys by name', 'IdentityFile ~/.ssh/%h\nUserKnownHostsFile ~/.ssh/known-%n'],
    ['a last look', 'Match final all\nForwardX11Trusted yes'],
    ['patterns of the resolved name', 'HostName %h.ib\nMatch host *.ib\nPort 2222'],
    ['other users', 'Match user lab\nPort 2222\nMatch all'],
  ])('need three processes for sixty names with %s', async (_, text) => {
    write([['config', forAll(text)]]);
    // One that it tells apart, then two that it does not; the third says which files it reads.
    expect(await compareWithSsh([...nodes, placeOf('sim0-1')], text)).toEqual({ shared: 58, asked: 4 });
  });

  it('share by kind of name, user and port', async () => {
    write([['config', 'Host *\n  IdentityFile ~/%h-%n\n']]);
    const kinds = [
      Array.from({ length: 9 }, (_, index) => placeOf(`Node${index}`)),
      Array.from({ length: 9 }, (_, index) => placeOf(`node${index}`)),
      Array.from({ length: 9 }, (_, index) => placeOf(`10.0.0.${index}`)),
      Array.from({ length: 9 }, (_, index) => placeOf(`node${index}`, 'lab')),
      Array.from({ length: 9 }, (_, index) => ({ ...placeOf(`node${index}`), port: 2222 })),
    ];
    expect(await compareWithSsh(kinds.flat(), 'kinds')).toEqual({ shared: 35, asked: 11 });
  });

  it.each([
    ['a program decides', 'Match exec "true"'],
    ['the network decides', 'Match localnetwork 10.0.0.0/8'],
    ['names are made canonical', 'CanonicalizeHostname yes'],
    ['a criterion is not known', 'Match tagged x'],
    ['words are written oddly', 'Host "sim 1" sim*'],
    ['a keyword is written oddly', '"Host" sim0-4'],
    ['the name decides what is sent', 'ForwardAgent /run/%h'],
    ['a user has tokens', 'User x%h'],
    ['a file is named by tokens', 'Include conf-%h'],
  ])('are not shared where %s', async (_, text) => {
    write([['config', forAll(text)]]);
    const watched = watchedSsh();
    await settle(nodes, watched);
    expect(watched.asked()).toBe(nodes.length);
  });

  it('are not shared where ssh reads a file that was not looked at', async () => {
    write([
      ['config', 'Include ~/.ssh/*.conf\n'],
      ['.ssh/a.conf', 'Host sim0-4\n  Port 2200\n'],
    ]);
    const watched = watchedSsh();
    // Looked for below another home.
    await settle(nodes, { ...watched, options: { ...watched.options, environment: { HOME: '/nowhere' } } });
    expect(watched.asked()).toBe(nodes.length);
  });

  it('are asked anew for those that wait, where the first fail', async () => {
    write([['config', 'Host *\n  ProxyJump sim0-0\n']]);
    expect((await settle(nodes, watchedSsh())).map(({ status }) => status)).toEqual(
      nodes.map(({ host }) => (host === 'sim0-0' ? 'rejected' : 'fulfilled')),
    );
    const watched = watchedSsh();
    await settle(nodes, watched);
    expect(watched.asked()).toBeLessThan(6);
  });

  it('follow the files', async () => {
    write([['config', forAll('Port 22')]]);
    const watched = watchedSsh();
    const resolver = createSettingsResolver(watched.options);
    const ports = async () =>
      new Set((await Promise.all(nodes.map((place) => resolver.resolve(place)))).map(({ port }) => port));
    expect(await ports()).toEqual(new Set([22]));
    write([['config', forAll('Port 23')]]);
    await expect.poll(ports).toEqual(new Set([23]));
  });
});
