import { serve } from '@hono/node-server';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createFakeCluster, fakeNode } from '../../test/support/fake-cluster.ts';
import { createPastLedger, type PastLedger } from '../../test/support/past-ledger.ts';
import { compileOwnDesign, staticDir } from '../../test/support/read-design.ts';
import { type App, createApp } from '../web/app.ts';
import { historyCommand } from './commands/history.ts';
import { jobsCommand } from './commands/jobs.ts';
import { usersCommand } from './commands/users.ts';

/** The commands that ask for former times, of a head's page on a port. */

let past: PastLedger;
let app: App;
let server: ReturnType<typeof serve>;
let url: string;
const asked: string[] = [];

beforeAll(async () => {
  past = await createPastLedger();
  const cluster = createFakeCluster([fakeNode('gpu01')]);
  const templates = compileOwnDesign();
  app = createApp(Object.assign(cluster, { templates: () => templates, staticDir, ledger: past }));
  url = await new Promise((resolve) => {
    const fetch: App['fetch'] = (request, ...rest) => {
      asked.push(new URL(request.url).search);
      return app.fetch(request, ...rest);
    };
    server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}/`),
    );
  });
});
afterAll(() => {
  server.close();
  app.close();
  past.close();
});
afterEach(() => vi.restoreAllMocks());

async function printed(command: typeof usersCommand, flags: object): Promise<string> {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((piece) => {
    text += String(piece);
    return true;
  });
  vi.spyOn(console, 'log').mockImplementation((line) => {
    text += `${line}\n`;
  });
  await command.handler({ _: [], $0: '', url, ...flags });
  return text;
}

describe('users', () => {
  it('tells who used what in the last week, or in any time', async () => {
    expect(await printed(usersCommand, { week: true })).toMatch(
      /^USER +JOBS +GPU HOURS[^\n]*\nann +1 +2\.0 +1\.0 +1\.0 /,
    );
    expect(await printed(usersCommand, { last: '2h' })).toContain('Nothing is known of');
    expect(asked.at(-1)).toBe('?by=user&from=-2h');
    const answer = JSON.parse(await printed(usersCommand, { last: '30d', json: true }));
    expect(answer).toMatchObject({ by: 'user', rows: [{ key: 'ann' }, { key: 'bob' }] });
    expect(await printed(usersCommand, { last: '30d', csv: true })).toMatch(
      /^key,user,jobs,.*\r\nann,ann,1,2,/,
    );
  });

  it('says what is wrong with a time', async () => {
    await expect(printed(usersCommand, { last: '-7d' })).rejects.toThrow(
      '--last: "-7d" is no length of time',
    );
    await expect(printed(usersCommand, { from: '2026-11-30' })).rejects.toThrow(
      'from: "2026-11-30" has no zone',
    );
  });
});

describe('jobs', () => {
  it('tells those that ended, of one user, in so long a time', async () => {
    const text = await printed(jobsCommand, { ended: true, user: 'ann', last: '7d' });
    expect(asked.at(-1)).toBe('?from=-7d&user=ann&ended=true');
    expect(text).toMatch(/^JOB +NAME +USER [^\n]*\nslurm 1 +=cmd\|calc +ann +gpu01 +1 /);
    expect(await printed(jobsCommand, { ended: true, user: 'bob' })).toMatch(/^No jobs from/);
    expect(await printed(jobsCommand, { last: '2d' })).toMatch(/slurm 2 .* runs /);
    expect(JSON.parse(await printed(jobsCommand, { ended: true, json: true })).jobs).toHaveLength(1);
  });

  it('are those of now without a time', async () => {
    expect(await printed(jobsCommand, {})).toBe('No jobs.\n');
  });
});

it('a node may be called as anything that every object has', async () => {
  for (const name of ['constructor', 'toString', '__proto__'])
    await expect(printed(historyCommand, { what: name, url })).rejects.toThrow(/nothing|Nothing/);
});
