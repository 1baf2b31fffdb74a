import { describe, expect, test } from 'vitest';
import { fakeGpu, fakeJob, fakeNode, TAKEN_AT_MS, unreachable } from '../../test/support/fake-cluster.ts';
import { tallyNode } from '../cluster/tally.ts';
import type { NodeReport } from '../report/node-report.ts';
import { allNodes, type PageRequest, pathOf, requestOf } from './page-request.ts';
import { viewPage } from './page-view.ts';
import { tallyCluster } from './tally.ts';
import { viewNode } from './view.ts';

describe('one node', () => {
  test('resources say size, share and detail', () => {
    const [cpu, ram, swap] = viewNode(fakeNode('a')).resources;
    expect(cpu).toMatchObject({
      label: 'CPU (16C32T)',
      text: '15.1%',
      width: 15,
      level: null,
      detail: 'load 4.8 4.9 5.0',
    });
    expect(ram).toMatchObject({
      label: 'RAM (256.0 GiB)',
      text: '72.7%',
      level: 'high',
      detail: '186.0 GiB used',
    });
    expect(swap).toMatchObject({ label: 'Swap (20.0 GiB)', text: '0.0%', detail: '0 B used' });
  });

  test('bars turn above 60 and above 90 percent, as in MTCMon', () => {
    const levels = [60, 60.1, 90, 90.1].map(
      (percent) =>
        viewNode(fakeNode('a', {}, { gpus: [fakeGpu(0, { utilizationPercent: percent })] })).gpus[0]
          ?.utilization.level,
    );
    expect(levels).toEqual([null, 'high', 'high', 'full']);
  });

  test('a bar has the colour of trouble where room runs out, and nowhere for mere work', () => {
    const busy = fakeNode(
      'a',
      {},
      { cpu: { totalPercent: 100, corePercents: [], load1: 32, load5: 32, load15: 32 } },
    );
    const disks = (usedBytes: number, readOnly: boolean) =>
      (fakeNode('a').sample?.filesystems ?? []).map((disk) => ({
        ...disk,
        usedBytes,
        availableBytes: 100 - usedBytes,
        totalBytes: 100,
        readOnly,
      }));
    const levelOf = (usedBytes: number, readOnly = false) =>
      viewNode(fakeNode('a', {}, { filesystems: disks(usedBytes, readOnly) })).filesystems[0]?.level;
    expect(viewNode(busy).resources[0]?.level).toBe('full');
    expect([94, 95, 100].map((used) => levelOf(used))).toEqual(['full', 'full trouble', 'full trouble']);
    expect(levelOf(100, true)).toBe('full');
  });

  test('no swap is not an absent figure', () => {
    const memory = fakeNode('a').sample?.memory;
    if (!memory) throw new Error('no memory');
    const view = viewNode(fakeNode('a', {}, { memory: { ...memory, swapTotalBytes: 0 } }));
    expect(view.resources[2]).toMatchObject({ label: 'Swap (none)', text: '–' });
  });

  test("MTCMon's job line, and what a job and its descendants use", () => {
    const job = viewNode(fakeNode('a')).gpus[0]?.jobs[0];
    expect(job).toMatchObject({
      line: '11181 (alice) · python · 5612MB · 1d7h16m23s',
      commandLine: 'python train.py --epochs 40',
      cpu: '3.1 cores',
      ram: '14.0 GiB',
      gpuPercent: null,
    });
  });

  test('a process of which nothing is known is dashes', () => {
    const unknown = {
      user: null,
      command: null,
      arguments: null,
      startTimeMs: null,
      gpuMemoryBytes: null,
      treeCpuPercent: null,
      treeResidentBytes: null,
    };
    const view = viewNode(fakeNode('a', {}, { gpuProcesses: [fakeJob(9, 0, unknown)] }));
    expect(view.gpus[0]?.jobs[0]).toMatchObject({
      line: '9 (–) · – · – · –',
      cpu: '–',
      ram: '–',
      commandLine: '–',
    });
  });

  test("running times are by the node's clock alone", () => {
    const job = fakeJob(9, 0, { startTimeMs: TAKEN_AT_MS + 5000 });
    expect(viewNode(fakeNode('a', {}, { gpuProcesses: [job] })).gpus[0]?.jobs[0]?.time).toBe('0s');
  });

  test('before the first sample the GPUs of hello are shown without figures', () => {
    const view = viewNode(fakeNode('a', { sample: null, state: 'connecting', sampleAgeMs: null }));
    expect(view.hasFigures).toBe(false);
    expect(view.gpus).toHaveLength(2);
    expect(view.gpus[0]).toMatchObject({
      temperature: '–',
      utilization: { text: '–', level: 'absent' },
      jobsNote: '–',
    });
  });

  test('GPUs not known, none, and lost are three things', () => {
    const hello = fakeNode('a').hello;
    const unknown = fakeNode('a', { hello: hello && { ...hello, gpus: null } }, { gpus: null });
    expect(viewNode(unknown).gpuNote).toBe('GPUs are not known yet.');
    expect(viewNode(fakeNode('a', {}, { gpus: [] })).gpuNote).toBe('No GPU found.');
    const lost = fakeNode('a', {}, { gpus: [fakeGpu(0, { health: 'lost', error: 'Xid 79' })] });
    expect(viewNode(lost).gpuNote).toBeNull();
    expect(viewNode(lost).gpus[0]?.fault).toBe('lost: fell off the bus (Xid 79)');
  });

  test('a collector that failed is told, also where it was a single figure', () => {
    const collectors = fakeNode('a').sample?.collectors;
    if (!collectors) throw new Error('no sample');
    const broken = {
      ...collectors,
      disks: { ok: false, ms: 1 },
      gpus: { ok: true, ms: 1, error: 'powerWatts 1e9' },
    };
    expect(viewNode(fakeNode('a', {}, { collectors: broken })).errors.map(({ line }) => line)).toEqual([
      'disks: could not be read',
      'gpus: powerWatts 1e9',
    ]);
  });

  test('names are fit for links', () => {
    expect(viewNode(fakeNode('bob@[fe80::1]:22'))).toMatchObject({
      anchor: '#bob%40%5Bfe80%3A%3A1%5D%3A22',
      path: '/nodes/bob%40%5Bfe80%3A%3A1%5D%3A22',
    });
  });
});

describe('a GPU’s tooltip', () => {
  test.each([
    ['gpu_idle', ''],
    ['', ''],
    ['gpu_idle,sw_power_cap,hw_slowdown', 'slowed by sw_power_cap, hw_slowdown'],
  ])('tells of %s only what slows it', (throttleReasons, told) => {
    const [gpu] = viewNode(fakeNode('a', {}, { gpus: [fakeGpu(0, { throttleReasons })] })).gpus;
    expect(gpu?.detail.includes('slowed')).toBe(told !== '');
    expect(gpu?.detail).toContain(told);
  });
});

test('a figure that is missing says why', () => {
  const gpus = [fakeGpu(0, { powerWatts: null }), fakeGpu(1, { health: 'lost', temperatureCelsius: null })];
  const node = fakeNode('a', {}, { gpus, cpu: null });
  if (!node.sample) throw new Error('no sample');
  node.sample.collectors.cpu = { ok: false, ms: 1, error: '/proc/stat: permission denied' };
  const view = viewNode(node);
  expect(view.gpus[0]?.why).toMatchObject({ utilization: null, power: "The GPU's driver does not tell it." });
  expect(view.gpus[1]?.why.temperature).toBe('lost: fell off the bus');
  expect(view.resources.map(({ why }) => why)).toEqual(['/proc/stat: permission denied', null, null]);
  expect(viewNode(fakeNode('a', { sample: null })).resources[1]?.why).toBe('There is no sample yet.');
});

describe('around the rows', () => {
  const facts = {
    version: '1',
    demo: false,
    problems: [],
    request: allNodes,
    found: { shown: 2, matching: 2, total: 2, folded: 0, error: null },
    sorts: ['name'],
    groups: [],
    charts: [],
    hasLedger: false,
    hasIdleBoard: false,
  };
  const pageOf = (request: Partial<PageRequest>, found = {}) =>
    viewPage(
      { ...facts, request: { ...allNodes, ...request }, found: { ...facts.found, ...found } },
      tallyCluster([]),
    );

  test('old figures count for nothing', () => {
    const sick = fakeNode('c', {}, { gpus: [fakeGpu(0), fakeGpu(1, { health: 'lost' })] });
    const nodes = [fakeNode('a'), unreachable(fakeNode('b')), sick];
    expect(tallyCluster(nodes.map(tallyNode))).toMatchObject({
      nodeCount: 3,
      liveNodes: 2,
      downNodes: 1,
      gpuCount: 6,
      gpusFree: 1,
      gpusBusy: 2,
      gpusHeldIdle: 0,
      gpusSick: 1,
      gpusOut: 3,
    });
  });

  test('free memory and power by what is live', () => {
    const gpus = [
      fakeGpu(0, { name: 'A', powerWatts: 600, memoryFreeBytes: 2 ** 30 }),
      fakeGpu(1, { name: 'B', powerWatts: null, memoryFreeBytes: null, memoryUsedBytes: null }),
      fakeGpu(2, { name: 'A', powerWatts: 700, memoryFreeBytes: 2 ** 30 }),
    ];
    const tally = tallyCluster([fakeNode('a', {}, { gpus, gpuProcesses: [] })].map(tallyNode));
    expect(tally.power).toBe('1.3 kW');
    expect(tally.models).toEqual([
      { model: 'A', total: 2, free: 2, freeMemory: '2.0 GiB' },
      { model: 'B', total: 1, free: 1, freeMemory: '0 B' },
    ]);
    expect(tallyCluster([]).power).toBe('–');
  });

  test('a search goes along to other views, a chip is put in and taken out', () => {
    const page = pageOf({ query: 'user:alice is:free', sort: 'name' });
    expect(page.tabs.find(({ title }) => title === 'Jobs')?.href).toBe('/jobs?q=user%3Aalice+is%3Afree');
    const [free, problems] = page.quick;
    expect(free).toMatchObject({ href: '/?q=user%3Aalice&sort=name', isCurrent: true });
    expect(problems?.href).toBe('/?q=user%3Aalice+is%3Afree+is%3Aproblem&sort=name');
    expect(page.sorts).toMatchObject([
      { value: '', isChosen: false },
      { value: 'name', isChosen: true },
    ]);
  });

  test('the board of idle GPUs stands on the page of users, where a site wants it', () => {
    const pathOf = (view: PageRequest['view'], hasLedger: boolean, hasIdleBoard: boolean) =>
      viewPage({ ...facts, request: { ...allNodes, view }, hasLedger, hasIdleBoard }, tallyCluster([]))
        .ledgerIdlePath;
    expect(pathOf('users', true, true)).toBe('/api/v1/ledger?by=user&from=-7d');
    expect([pathOf('users', true, false), pathOf('users', false, true), pathOf('gpus', true, true)]).toEqual([
      null,
      null,
      null,
    ]);
  });

  test('the ledger is asked of one user and one job, where there is a ledger', () => {
    const pathsOf = (view: PageRequest['view'], only: string | null, hasLedger: boolean) => {
      const request = { ...allNodes, view, only };
      const page = viewPage({ ...facts, request, hasLedger }, tallyCluster([]));
      return [page.ledgerDaysPath, page.ledgerJobsPath, page.ledgerRecordPath];
    };
    expect(pathsOf('user', 'a&b', true)).toEqual([
      '/api/v1/ledger?by=day&user=a%26b&from=-30d',
      '/api/v1/jobs?user=a%26b&from=-30d&ended=1',
      null,
    ]);
    expect(pathsOf('job', 'slurm:7', true)).toEqual([null, null, '/api/v1/jobs?job=slurm%3A7&from=-180d']);
    for (const [view, only, hasLedger] of [
      ['user', 'alice', false],
      ['job', 'slurm:7', false],
      ['users', null, true],
      ['node', 'gpu01', true],
    ] as const)
      expect(pathsOf(view, only, hasLedger)).toEqual([null, null, null]);
  });

  test('what is not there says why', () => {
    expect(pageOf({}, { matching: 0, total: 0 }).nothingText).toContain('no node in the node list');
    const why = (view: PageRequest['view'], nodes: NodeReport[]) =>
      viewPage(
        { ...facts, request: { ...allNodes, view }, found: { ...facts.found, matching: 0, total: 0 } },
        tallyCluster(nodes.map(tallyNode)),
      ).nothingText;
    const bare = fakeNode('a', {}, { gpus: [], gpuProcesses: [] });
    const waiting = fakeNode('b', { state: 'connecting', hello: null, sample: null });
    expect(why('jobs', [])).toBe('There is no node in the node list.');
    expect(why('jobs', [bare])).toBe('There are no jobs at the moment.');
    expect(why('gpus', [bare])).toBe('None of the 1 live nodes has a GPU.');
    expect(why('gpus', [bare, unreachable(fakeNode('c'))])).toBe(
      'None of the 1 live nodes has a GPU. 1 node is down.',
    );
    expect(why('gpus', [bare, waiting])).toBe('No GPUs yet: 1 of 2 nodes is still connecting.');
    expect(why('users', [unreachable(fakeNode('c'))])).toBe('No users are known: none of 1 nodes is live.');
    expect(pageOf({ view: 'jobs' }, { matching: 0, total: 3, folded: 3 })).toMatchObject({
      nothingText: 'All are services.',
      foldedText: '3 services are folded away. Show them',
      foldedHref: '/jobs?services=shown',
    });
    expect(pageOf({ query: 'x' }, { matching: 0, total: 7 }).nothingText).toBe(
      'Of 7 nodes none matches "x".',
    );
    expect(pageOf({ view: 'gpus', limit: 500 }, { shown: 500, matching: 1200 })).toMatchObject({
      moreHref: '/gpus?limit=1000',
      moreText: '500 of 1200 are shown. Show 1000',
    });
  });

  test('headings lead to their order, and from there to the other one', () => {
    const heading = (sort: string, title: string) =>
      pageOf({ view: 'gpus', query: 'a', sort }).columns.find((column) => column.title === title);
    expect(heading('', 'Free')).toMatchObject({ href: '/gpus?q=a&sort=-mem', order: null, kind: 'number' });
    expect(heading('-mem', 'Free')).toMatchObject({ href: '/gpus?q=a&sort=mem', order: 'descending' });
    expect(heading('mem,node', 'Free')).toMatchObject({ href: '/gpus?q=a&sort=-mem', order: 'ascending' });
    expect(heading('', 'Node')?.href).toBe('/gpus?q=a&sort=node');
    expect(heading('node', 'Node')).toMatchObject({ href: '/gpus?q=a&sort=-node', order: 'ascending' });
    expect(heading('', 'GPU')).toMatchObject({ href: null });
    expect(pageOf({ view: 'node', only: 'a' }).columns).toEqual([]);
  });

  test('beyond thirty nodes each is a line, unless somebody chooses', () => {
    const isCompact = (total: number, rows: PageRequest['rows'] = '') =>
      pageOf({ rows }, { total, matching: 1, shown: 1 }).isCompact;
    expect([30, 31].map((total) => isCompact(total))).toEqual([false, true]);
    expect([isCompact(3, 'compact'), isCompact(1000, 'full')]).toEqual([true, false]);
    expect(pageOf({ view: 'gpus' }, { total: 1000 }).isCompact).toBe(false);
  });

  test('an address and its request are the same', () => {
    for (const path of [
      '/',
      '/gpus?q=a+b&sort=-util&group=model&limit=5',
      '/nodes/a%2Fb',
      '/users?q=%25',
      '/users/a%40b',
      '/jobs/systemd%3A1000%2Fa.service%40b',
      '/?rows=full',
      '/jobs?services=shown',
    ]) {
      const request = requestOf(path);
      expect(request && pathOf(request)).toBe(path);
    }
    expect(requestOf('/gpus.html')).toEqual(allNodes);
    for (const path of ['/nodes/', '/nodes/a/b', '/users/', '/users/a/b', '/events', '/nodes/%', 'http://['])
      expect(requestOf(path), path).toBeNull();
  });
});
