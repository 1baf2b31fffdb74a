import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fakeGpu, fakeJob, fakeNode, unreachable } from '../../test/support/fake-cluster.ts';
import { compileOwnDesign, otherViews } from '../../test/support/read-design.ts';
import { parseElements, shownSlots, textOf } from '../../test/support/read-html.ts';
import { compileDesign } from '../design/compile.ts';
import { type CompiledTemplates, viewNames } from '../lib/compiled-templates.ts';
import type { NodeReport } from '../report/node-report.ts';
import { createPageRenderer, fillAges, isSafeLink, type PageRenderer, type RowRendering } from './page.ts';
import { trialPage } from './page-view.ts';
import { viewNode } from './view.ts';

const original = fileURLToPath(new URL('../../../shared/fixtures/mtcmon/index-design.html', import.meta.url));
const designs: [string, CompiledTemplates][] = [['our own design', compileOwnDesign()]];
if (existsSync(original)) {
  designs.push([
    'the design of MTCMon',
    compileDesign(readFileSync(original, 'utf8'), 'original', otherViews),
  ]);
}

/** A node as all parts of a design show it. */
function renderParts(renderer: PageRenderer, node: NodeReport) {
  const view = viewNode(node);
  return [...renderer.parts.keys()]
    .filter((part) => renderer.parts[part]?.kind === 'nodes')
    .map((part) => renderer.renderRow(part, view, 7));
}

describe.each(designs)('%s', (_, templates) => {
  const renderer = createPageRenderer(templates);
  const render = (node = fakeNode('gpu01')) => renderParts(renderer, node);
  const htmlOf = (rows: readonly RowRendering[]) => rows.map(({ html }) => html).join('');
  const structureOf = (rows: readonly RowRendering[]) => rows.map(({ structure }) => structure).join('|');

  test('shows the node by its name, jobs and figures', () => {
    const html = htmlOf(render());
    expect(html).toContain('id="gpu01"');
    expect(html).toContain('href="#gpu01"');
    expect(html).toContain('GeForce RTX 3090');
    expect(html).toContain('1d7h16m23s');
    expect(html).toContain('15.1%');
  });

  test('the n-th value stands where the n-th marked element is', () => {
    for (const node of [
      fakeNode('a'),
      unreachable(fakeNode('b')),
      fakeNode('c', { sample: null, hello: null }),
    ]) {
      for (const { html, slots } of render(node))
        expect(shownSlots(fillAges(html, 1000), 'data-live')).toEqual(slots);
    }
  });

  test('other figures change slots only, other rows change the structure', () => {
    const before = render();
    const busier = fakeNode('gpu01', {}, { gpus: [fakeGpu(0, { temperatureCelsius: 99 }), fakeGpu(1)] });
    const after = render(busier);
    expect(structureOf(after)).toBe(structureOf(before));
    expect(after.map(({ slots }) => slots)).not.toEqual(before.map(({ slots }) => slots));
    const withJob = fakeNode('gpu01', {}, { gpuProcesses: [fakeJob(1, 0), fakeJob(2, 0)] });
    expect(structureOf(render(withJob))).not.toBe(structureOf(before));
  });

  test('whatever a node says stays text', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom(
        '<img src=x onerror=alert(1)>',
        '"><script>alert(1)</script>',
        "' onmouseover='x",
        '</td></table><h1>',
        '<!--',
        '<% it.page %>',
        '\u0000\u0001\u0002',
        '\u001b[2J',
        '&lt;b&gt;',
        'javascript:alert(1)',
        '</title><script>',
      ),
    );
    const shape = (html: string) =>
      parseElements(html).map((element) =>
        [element.tagName, ...element.attrs.map(({ name }) => name)].join(' '),
      );
    const say = (text: string) => {
      const node = fakeNode(text, {
        message: text,
        hint: text,
        lastLines: [text],
        cause: 'refused',
        hello: { ...fakeNode('x').hello, os: text, kernel: text, cpuModel: text, notes: [text] } as never,
      });
      const job = fakeJob(1, 0, { user: text, command: text, arguments: text });
      const sample = fakeNode(
        'x',
        {},
        { gpus: [fakeGpu(0, { name: text, health: 'error', error: text })], gpuProcesses: [job] },
      ).sample;
      if (!sample) throw new Error('no sample');
      for (const filesystem of sample.filesystems ?? []) filesystem.mountPoint = text;
      for (const disk of sample.disks ?? []) disk.name = text;
      for (const process of sample.topProcesses ?? [])
        Object.assign(process, { command: text, arguments: text, user: text });
      sample.collectors.cpu = { ok: false, ms: 1, error: text };
      return { ...node, sample };
    };
    // Each by itself: a row of a table is none behind a section.
    const shapes = (rows: readonly RowRendering[]) => rows.map(({ html }) => shape(fillAges(html, 5)));
    const innocent = shapes(render(say('x')));
    fc.assert(
      fc.property(hostile, (text) => {
        const rows = render(say(text || 'x'));
        expect(shapes(rows)).toEqual(innocent);
        // Line ends are the one thing that a browser reads differently in markup.
        if (!/[\r\n]/.test(text))
          for (const { html, slots } of rows)
            expect(shownSlots(fillAges(html, 5), 'data-live')).toEqual(slots);
      }),
      { numRuns: 300 },
    );
  });

  test('the page joins parts and stream, and its values count in document order', () => {
    const page = { ...trialPage('nodes'), demo: true, problems: ['a <b>', 'c'] };
    const rendering = renderer.renderPage({
      page,
      part: (number) => `<i>part ${number}</i>`,
      version: 'e.5',
      pageKey: '/?q=a&b',
    });
    expect(rendering.html).toContain('<i>part 0</i>');
    expect(rendering.html).toContain('data-live-version="e.5"');
    expect(rendering.html).toContain('data-live-key="/?q=a&amp;b"');
    expect(rendering.html).toContain(`data-live-outer="${rendering.outerStructure}"`);
    expect(rendering.html).not.toContain('part 2');
    expect(shownSlots(rendering.html, 'data-live-page')).toEqual(rendering.slots);
  });

  test('pieces have the numbers of their places, also in views that show some of them only', () => {
    for (const view of viewNames) {
      const page = { ...trialPage(view), demo: true, problems: ['a', 'b'] };
      const { html, pieces } = renderer.renderPage({ page, part: () => '', version: '', pageKey: '' });
      for (const [number, piece] of Object.entries(pieces)) {
        expect(html).toContain(`<template data-live-end="page${number}"></template>`);
        const parts = [...piece.matchAll(/data-live-part="([^"]*)"/g)].map(([, part]) => part);
        expect(parts.filter((part) => part !== `page${number}`)).toEqual([]);
      }
    }
  });
});

describe('our own design', () => {
  const renderer = createPageRenderer(compileOwnDesign());
  const htmlOf = (node: ReturnType<typeof fakeNode>) =>
    fillAges(
      renderParts(renderer, node)
        .map(({ html }) => html)
        .join(''),
      node.sampleAgeMs,
    );
  const shown = (node: ReturnType<typeof fakeNode>) =>
    parseElements(htmlOf(node))
      .filter(({ tagName }) => tagName === 'section')
      .map(textOf)
      .join('')
      .replace(/\s+/g, ' ');

  test('absent figures are a dash, never 0', () => {
    const nothing = {
      utilizationPercent: null,
      memoryUsedBytes: null,
      memoryFreeBytes: null,
      temperatureCelsius: null,
      powerWatts: null,
    };
    const text = shown(
      fakeNode(
        'gpu01',
        {},
        {
          cpu: null,
          memory: null,
          filesystems: null,
          disks: null,
          network: null,
          topProcesses: null,
          gpuProcesses: null,
          gpus: [fakeGpu(0, nothing)],
        },
      ),
    );
    expect(text).toContain('CPU (16C32T) –');
    expect(text).toContain('RAM –');
    expect(text).not.toMatch(/(?<![\d.])0(?:\.0)?(?:%| B| MiB| °C| W)/);
  });

  test('a node that went away keeps its figures and says why', () => {
    const text = shown(unreachable(fakeNode('gpu03')));
    expect(text).toContain('unreachable');
    expect(text).toContain('65 s ago');
    expect(text).toContain('refused gpu03 port 22 refused the connection');
    expect(text).toContain('Start sshd on the node');
    expect(text).toContain('kex_exchange_identification');
    expect(text).toContain('GeForce RTX 3090');
  });

  test('a lost GPU says so', () => {
    const lost = fakeGpu(1, {
      health: 'lost',
      utilizationPercent: null,
      memoryUsedBytes: null,
      memoryFreeBytes: null,
    });
    expect(shown(fakeNode('a', {}, { gpus: [fakeGpu(0), lost] }))).toContain('lost: fell off the bus');
  });

  test('a design that fails on one node shows that instead of the node', () => {
    const design =
      '<!doctype html><title>x</title><ul><li data-each="node in nodes" data-text="node.hello.os.toFixed()"></li></ul>';
    const [row, ...others] = renderParts(createPageRenderer(compileDesign(design, 'd')), fakeNode('<a>'));
    expect(others).toEqual([]);
    expect(row?.html).toContain('&lt;a&gt;');
    expect(row?.html).toContain('This cannot be shown: ');
  });

  test('a design that fails on the page is refused at once', () => {
    const design =
      '<!doctype html><title data-text="page.nothing.length"></title><li data-each="node in nodes"></li>';
    expect(() => createPageRenderer(compileDesign(design, 'd'))).toThrow();
  });
});

test('links never run a program', () => {
  for (const link of [
    'javascript:alert(1)',
    ' JaVaScript:x',
    'java\nscript:x',
    '\u0001javascript:x',
    'data:text/html,x',
    'vbscript:x',
  ]) {
    expect(isSafeLink(link), link).toBe(false);
  }
  for (const link of [
    '#gpu01',
    '/nodes/a',
    'nodes/a',
    'https://x',
    'http://x',
    'mailto:a@b',
    '?x',
    '',
    'a.html',
  ]) {
    expect(isSafeLink(link), link).toBe(true);
  }
});
