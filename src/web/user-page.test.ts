import { afterEach, describe, expect, test } from 'vitest';
import { createFakeCluster, fakeNode, fakeReportedJob } from '../../test/support/fake-cluster.ts';
import { compileOwnDesign, staticDir } from '../../test/support/read-design.ts';
import type { LedgerReader } from '../report/ledger.ts';
import { type App, createApp } from './app.ts';

/** The page of a user, and those of what is no more and has a record in the ledger. */

const templates = compileOwnDesign();
let app: App;

const notAsked = () => Promise.reject(new Error('nobody asks that here'));
const knows = (...names: string[]): LedgerReader => ({
  ledger: notAsked,
  jobs: notAsked,
  hasUser: async (name) => names.includes(name),
  hasJob: async (key) => names.includes(key),
});

function start(ledger: LedgerReader | null = null): void {
  const service = fakeReportedJob('systemd:cron.service', { user: 'root', cpuPercent: 0 });
  const nodes = [
    fakeNode('gpu01', {}, { jobs: [fakeReportedJob('slurm:7'), service] }),
    fakeNode('gpu02', {}, { jobs: [fakeReportedJob('slurm:8', { user: 'bob' })], gpuProcesses: [] }),
  ];
  const cluster = createFakeCluster(nodes);
  app = createApp(Object.assign(cluster, { templates: () => templates, staticDir, ledger }));
}

afterEach(() => app.close());

const get = (path: string, accept = 'text/html') => app.request(path, { headers: { accept } });
const htmlOf = async (path: string) => (await get(path)).text();

describe('the page of a user', () => {
  test('has what the user holds and the own jobs, and nobody else', async () => {
    start();
    const html = await htmlOf('/users/alice');
    expect(html).toContain('<title data-live-page="text">alice · Rollcall</title>');
    expect(html).toContain('href="/jobs/slurm%3A7"');
    expect(html).not.toContain('slurm%3A8');
    expect(html).toMatch(/gpu01: 0\b/);
    expect(html).toMatch(/href="\/users"[^>]*aria-current="page"|aria-current="page"[^>]*href="\/users"/);
    expect(html).toContain('data-live-key="/users/alice"');
    const text = await (await get('/users/alice', 'text/plain')).text();
    expect(text).toMatch(/^USER +GPUS/);
    expect(text).toMatch(/^slurm 7 /m);
    expect(text).not.toContain('slurm 8');
  });

  test('is there for one who has services alone, without them', async () => {
    start();
    const response = await get('/users/root');
    expect(response.status).toBe(200);
    expect(await response.text()).not.toContain('cron.service');
  });

  test('is none for a name that nobody told of', async () => {
    start();
    for (const accept of ['text/html', 'text/plain']) {
      const response = await get('/users/%3Cb%3E', accept);
      expect(response.status).toBe(404);
      expect(await response.text()).toMatch(/Nothing is known of a user (?:&quot;&lt;b&gt;&quot;|"<b>")\./);
    }
  });

  test('every list leads to it', async () => {
    start();
    for (const path of ['/users', '/jobs', '/gpus', '/jobs/slurm%3A7'])
      expect(await htmlOf(path), path).toContain('href="/users/alice"');
  });
});

describe('the ledger', () => {
  test('is asked by the pages of users and jobs where there is one, and by no other', async () => {
    start(knows());
    expect(await htmlOf('/users/alice')).toContain(
      'data-ledger="/api/v1/ledger?by=day&amp;user=alice&amp;from=-30d"',
    );
    expect(await htmlOf('/jobs/slurm%3A7')).toContain('data-ledger-record="/api/v1/jobs?job=slurm%3A7');
    for (const path of ['/', '/users', '/jobs', '/nodes/gpu01'])
      expect(await htmlOf(path), path).not.toMatch(/data-ledger(-\w+)?="/);
    app.close();
    start();
    for (const path of ['/users/alice', '/jobs/slurm%3A7'])
      expect(await htmlOf(path), path).not.toMatch(/data-ledger(-\w+)?="/);
  });

  test('knows users who hold nothing now, and jobs that have ended', async () => {
    start(knows('carol', 'slurm:3'));
    const user = await get('/users/carol');
    expect(user.status).toBe(200);
    expect(await user.text()).toContain('&quot;carol&quot; holds nothing now.');
    const job = await get('/jobs/slurm%3A3');
    expect(job.status).toBe(200);
    expect(await job.text()).toContain('There is no job &quot;slurm:3&quot; now');
    expect((await get('/jobs/slurm%3A4')).status).toBe(404);
    expect((await get('/users/dave')).status).toBe(404);
    expect((await get('/nodes/carol')).status).toBe(404);
  });

  test('that cannot be read knows nothing, and no page fails with it', async () => {
    const fails = () => Promise.reject(new Error('disk I/O error'));
    start({ ledger: notAsked, jobs: notAsked, hasUser: fails, hasJob: fails });
    expect((await get('/jobs/slurm%3A3')).status).toBe(404);
    expect((await get('/users/alice')).status).toBe(200);
  });
});
