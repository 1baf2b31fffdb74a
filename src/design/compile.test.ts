import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { otherViews } from '../../test/support/read-design.ts';
import { compileDesign } from './compile.ts';
import { DesignError } from './design-error.ts';

const wrap = (body: string, head = '') =>
  `<!doctype html>\n<html>\n<head>\n<title>T</title>\n${head}</head>\n<body>\n${body}\n</body>\n</html>\n`;
const loop = '<p data-each="node in nodes" data-text="node.name">gpu01</p>';

/** The body of the page's template, without what is around it. */
function pageBody(body: string): string {
  const { page } = compileDesign(wrap(body), 'design.html');
  return page.slice(page.indexOf('<body>\n') + 7, page.indexOf('\n</body>'));
}

function nodeOf(body: string): string {
  const [part] = compileDesign(wrap(body), 'design.html').parts;
  return (part?.template ?? '').replace(/ data-live-(?:row|part)="[^"]*"/g, '');
}

function faultOf(html: string): DesignError {
  try {
    compileDesign(html, 'design.html');
  } catch (error) {
    if (error instanceof DesignError) return error;
    throw error;
  }
  throw new Error('the design was taken');
}

describe('what a design becomes', () => {
  test('a loop over the nodes is a part of the node template, with an anchor in the page', () => {
    expect(pageBody(`<ul>\n  ${loop}\n</ul>`)).toBe(
      '<ul>\n  <%~ it.part(0) %><template data-live-end="0" data-live-kind="nodes" data-live-tag="p"></template>\n</ul>',
    );
    expect(nodeOf(loop)).toBe(
      '<% { const node = it.row; %><p data-live="text"><%~ it.text((node.name)) %></p><% } %>',
    );
  });

  test('nested loops, conditions, attributes, ages and samples', () => {
    const node = nodeOf(
      `<section data-each="n in nodes" data-if="n.gpus.length" class="a" id=sample data-attr-id="n.name">
        <i data-age>3 s ago</i>
        <p data-each="gpu in n.gpus" class="x" data-attr-class="gpu.level" data-attr-href="gpu.url"><b data-text="gpu.name">GTX</b></p>
        <p data-sample>another</p>
      </section>`,
    );
    expect(node).toBe(
      `<% { const n = it.row; %><% if (it.shown((n.gpus.length))) { %><section data-live="id"<%~ it.attribute('id', (n.name)) %> class="a">
        <i data-live="data-age-limit" data-age="<%~ it.ageMs %>"<%~ it.attribute('data-age-limit', it.row.ageLimitMs) %>><%~ it.ageText %></i>
        <% for (const gpu of it.rows((n.gpus))) { %><p data-live="class href"<%~ it.attribute('class', (gpu.level)) %><%~ it.link('href', (gpu.url)) %>><b data-live="text"><%~ it.text((gpu.name)) %></b></p><% } %>
      </section><% } %><% } %>`,
    );
  });

  test('what is repeated or conditional outside of the nodes is a part of the page', () => {
    const body = pageBody(`<p data-if="page.demo">Demo</p>${loop}`);
    expect(body).toContain(
      '<%~ it.piece(0) %><% if (it.shown((page.demo))) { %><p data-live-row="page" data-live-part="page0">Demo</p><% } %><%~ it.cut %><template data-live-end="page0"></template>',
    );
  });

  test('a condition around a loop over the nodes stays in the page', () => {
    expect(pageBody(`<div data-if="page.demo">${loop}</div>`)).toBe(
      '<% if (it.outer((page.demo))) { %><div><%~ it.part(0) %><template data-live-end="0" data-live-kind="nodes" data-live-tag="p"></template></div><% } %>',
    );
  });

  test('end tags that HTML implies, and formatting, survive', () => {
    expect(pageBody('<ul>\n<li>a\n<li data-each="node in nodes">x\n<li>b\n</ul>')).toBe(
      '<ul>\n<li>a\n<%~ it.part(0) %><template data-live-end="0" data-live-kind="nodes" data-live-tag="li"></template><li>b\n</ul>',
    );
  });

  test('template marks in the text are text', () => {
    expect(pageBody(`<p>1 <% 2 %></p>${loop}`)).toContain("<p>1 <%~ '<' %>% 2 %></p>");
  });

  test('"hidden" beside a condition is for the designer only', () => {
    expect(pageBody(`<p hidden data-if="page.demo">x</p><p hidden>y</p>${loop}`)).toMatch(
      /page0">x<.*<p hidden>y/,
    );
  });

  test('links to static/ work from every page', () => {
    const { page } = compileDesign(
      wrap(`${loop}<img src="static/a.png"><a href='./static/b'>`),
      'design.html',
    );
    expect(page).toContain('<img src="/static/a.png">');
    expect(page).toContain("<a href='/static/b'>");
  });

  test('the refresh acts without JavaScript only, and is added where there is none', () => {
    const refresh = /<noscript><meta http-equiv="?refresh"? content="?(\d+)"?><\/noscript>/;
    expect(compileDesign(wrap(loop), 'd').page.match(refresh)?.[1]).toBe('60');
    const own = compileDesign(wrap(loop, '<meta http-equiv=refresh content=20>\n'), 'd').page;
    expect(own.match(refresh)?.[1]).toBe('20');
    expect(own.match(/http-equiv/g)).toHaveLength(1);
    const kept = wrap(loop, '<noscript><meta http-equiv="refresh" content="30"></noscript>\n');
    expect(compileDesign(kept, 'd').page.match(/noscript/g)).toHaveLength(2);
  });

  test('the script that keeps the page live is added once, as a module', () => {
    const written = [
      '',
      '<script src="static/live.js?v=2" defer></script>',
      '<script async type="text/javascript" src="./static/live.js"></script>',
      '<script src="static/live.js" type="module"></script>',
    ];
    for (const head of written) {
      const { page } = compileDesign(wrap(loop, head), 'd');
      expect(page.match(/<script/g), head).toHaveLength(1);
      const tag = /<script[\s\S]*?><\/script>/.exec(page)?.[0] ?? '';
      expect(tag).toMatch(/ src="\/static\/live\.js(?:\?v=2)?"/);
      expect(tag).toContain('data-live-version="<%~ it.version %>"');
      expect(tag.match(/type=/g)).toHaveLength(1);
      expect(tag).toContain('type="module"');
      expect(tag).not.toMatch(/ (?:defer|async)\b/);
    }
  });

  test('a design with the scripts of before goes on working', () => {
    const before =
      'theme usagebar scroll announce install stream times morph live fold charts heatmap-paint heatmap-box heatmap find find-keys find-mine';
    const tags = before
      .split(' ')
      .map((name) =>
        name === 'theme'
          ? '<script src="static/theme.js"></script>\n'
          : `<script src="static/${name}.js" defer></script>\n`,
      );
    const own = '<script src="static/mine.js" defer></script>\n<script src="/other/charts.js"></script>\n';
    const { page } = compileDesign(wrap(loop, tags.join('') + own), 'd');
    const sources = Array.from(page.matchAll(/<script[\s\S]*? src="([^"]+)"/g), ([, source]) => source);
    expect(sources).toEqual([
      '/static/theme.js',
      '/static/usagebar.js',
      '/static/live.js',
      '/static/mine.js',
      '/other/charts.js',
    ]);
    expect(page).toContain(
      '<script src="/static/theme.js"></script>\n<script src="/static/usagebar.js" defer>',
    );
    expect(page).toContain('<script src="/static/mine.js" defer></script>\n<script src="/other');
    expect(page.match(/type="module"/g)).toHaveLength(1);
  });

  test('every script that a design may name is there', () => {
    for (const file of ['theme.js', 'usagebar.js', 'live.js'])
      expect(existsSync(new URL(`../../static/${file}`, import.meta.url)), file).toBe(true);
  });

  test('a page without head and body tags', () => {
    const { page } = compileDesign(`<!doctype html><title>x</title>${loop}`, 'd');
    expect(page.indexOf('live.js')).toBeGreaterThan(page.indexOf('</title>'));
    expect(page.indexOf('live.js')).toBeLessThan(page.indexOf('it.part(0)'));
  });
});

describe('mistakes are named with line, element and remedy', () => {
  const cases: [string, string, number, RegExp][] = [
    ['no loop over the nodes', '<p>nothing</p>', 1, /data-each="node in nodes"/],
    ['each without in', `<p data-each="nodes">x</p>`, 7, /data-each="gpu in node\.gpus"/],
    ['a misspelled attribute', `${loop}\n<p data-eahc="x in y">x</p>`, 8, /data-each/],
    ['an attribute of another language', `${loop}\n\n<p data-else>x</p>`, 9, /opposite/],
    ['data-attrs-', `${loop}<p data-attrs-title="x">x</p>`, 7, /data-attr-NAME/],
    [
      'a broken expression',
      '<p data-each="node in nodes" data-text="node.">x</p>',
      7,
      /not a JavaScript expression/,
    ],
    [
      'an expression that closes the bracket',
      '<p data-each="node in nodes" data-text="a) + (b">x</p>',
      7,
      /not a Java/,
    ],
    ['an empty expression', '<p data-each="node in nodes"><b data-if="">x</b></p>', 7, /is empty/],
    [
      'a comment in an expression',
      '<p data-each="node in nodes" data-text="node.name // x">x</p>',
      7,
      /not a Java/,
    ],
    [
      'an unknown name',
      '<p data-each="node in nodes">\n<b data-text="gqu.name">x</b></p>',
      8,
      /Known here: node\./,
    ],
    ['a node outside of the loop', `${loop}\n<p data-text="node.name">x</p>`, 8, /Known here: page\./],
    ['an age outside of the nodes', `${loop}\n<p data-age>x</p>`, 8, /data-each="node in nodes"/],
    ['a loop over some nodes', `${loop}\n<p data-each="n in nodes.slice(1)">x</p>`, 8, /data-if/],
    [
      'a loop in a loop over the nodes',
      `<div data-each="x in page.problems">\n${loop}</div>`,
      7,
      /Take it out/,
    ],
    ['an event handler', `<p data-each="node in nodes" data-attr-onclick="node.name">x</p>`, 7, /static\//],
    [
      'text in an empty element',
      '<p data-each="node in nodes"><img data-text="node.name"></p>',
      7,
      /cannot hold text/,
    ],
    [
      'live parts inside replaced text',
      '<p data-each="node in nodes" data-text="node.name">\n<b data-if="node.x">x</b></p>',
      8,
      /replaces/,
    ],
    ['our own marks', `${loop}<p data-live="text">x</p>`, 7, /another name/],
    [
      'a view that does not exist',
      `${loop}\n<p data-view="nodes gpu">x</p>`,
      8,
      /nodes, node, gpus, jobs, job, users/,
    ],
    [
      'a view inside a row',
      '<p data-each="node in nodes">\n<b data-view="node">x</b></p>',
      8,
      /around the loop/,
    ],
    ['a loop over some GPUs of all', `${loop}\n<p data-each="g in gpus.slice(1)">x</p>`, 8, /data-if/],
    ['a row named like a helper', '<p data-each="it in nodes">x</p>', 7, /cannot name a row/],
    [
      'an element that a table throws out',
      `<table>\n<tr data-each="node in nodes"><td>x</td><div data-if="node.x">y</div></tr></table>`,
      8,
      /unclosed tags/,
    ],
    ['an open marker', `<!-- Content Start -->\n<p>x</p>`, 7, /Content End/],
    ['a marker closed only', `${loop}\n<!-- ToC End -->`, 8, /ToC Start/],
    [
      'a marker opened twice',
      `<!-- Content Start -->\n<!-- Content Start --><!-- Content End -->`,
      8,
      /Content End/,
    ],
  ];
  test.each(cases)('%s', (_, body, line, remedy) => {
    const fault = faultOf(wrap(body));
    expect(fault.line).toBe(line);
    expect(fault.message).toMatch(remedy);
    expect(fault.message.startsWith(`design.html:${line}: `)).toBe(true);
    expect(fault.element).not.toBe('');
    expect(fault.remedy).not.toBe('');
  });

  test('lines behind a replaced region are still the right ones', () => {
    const body = `<!-- Content Start -->\n<p>\n\n</p>\n<!-- Content End -->\n<p data-text="a b">x</p>`;
    expect(faultOf(wrap(body)).line).toBe(12);
  });

  test('names in strings, arrow functions, object keys and templates are none', () => {
    const expressions = [
      "'nobody' + node.name",
      'node.gpus.filter((gpu) => gpu.lost).map(g => g.name).join(", ")',
      '`${node.name} of nobody`',
      '({ live: node.name }).live',
      'node?.a?.b ?? Math.max(1, ...node.list)',
      'node.x ? node.a : node.b',
      '/no.body/.test(node.name)',
    ];
    for (const expression of expressions) {
      const quoted = expression.replaceAll('"', '&quot;');
      expect(() =>
        compileDesign(wrap(`<p data-each="node in nodes" data-text="${quoted}">x</p>`), 'd'),
      ).not.toThrow();
    }
  });
});

describe('views', () => {
  const other = {
    name: 'views.html',
    html: '<p data-view="gpus"><b data-each="gpu in gpus" data-text="gpu.node"></b></p>\n<table data-view="jobs">\n<tr data-each="job in jobs"><td data-text="job.name"></table>',
  };
  const kinds = (html: string) => compileDesign(html, 'd', other).parts.map(({ kind }) => kind);

  test('an element of some views is on those pages only', () => {
    expect(pageBody(`${loop}<p data-view="gpus  jobs">x</p>`)).toContain(
      "<% if (it.inView('gpus jobs')) { %><p>x</p><% } %>",
    );
  });

  test('what a design leaves out is put behind its nodes', () => {
    const { page } = compileDesign(wrap(`<div>${loop}</div><footer>f</footer>`), 'd', other);
    const places = ['it.part(0)', "it.inView('gpus')", 'it.part(1)', "it.inView('jobs')", '<footer>'];
    const found = places.map((place) => page.indexOf(place));
    expect(found.every((at) => at > 0)).toBe(true);
    expect(found).toEqual([...found].sort((a, b) => a - b));
    expect(page).toContain("<% if (it.inView('nodes node')) { %><%~ it.part(0)");
  });

  test('a design that loops over GPUs itself keeps its own', () => {
    expect(kinds(wrap(`${loop}<i data-view="gpus"><b data-each="g in gpus"></b></i>`))).toEqual([
      'nodes',
      'jobs',
      'gpus',
    ]);
    expect(kinds(wrap(`<ul><li data-each="node in nodes">x</ul>`))).toEqual(['nodes', 'gpus', 'jobs']);
  });

  test('mistakes in either file are named there', () => {
    const broken = {
      name: 'views.html',
      html: '<p data-view="gpus">\n<b data-each="gpu in gpus" data-text="gqu"></b></p>',
    };
    expect(() => compileDesign(wrap(loop), 'd', broken)).toThrow(/^views\.html:2: .*gqu/);
    expect(() => compileDesign(wrap(`${loop}\n\n<p data-text="x y">`), 'd', other)).toThrow(/^d:9: /);
  });
});

describe('MTCMon designs', () => {
  const marked = wrap(
    '<!-- ToC Start --><section>\n<!-- Index List Start -->\n<ul><li>x</li></ul>\n<!-- Index List End --></section><!-- ToC End -->\n' +
      '<!-- Content Start -->\n<section><h2 id="a">a</h2></section>\n<!-- Content End -->',
  );

  test('regions between markers become loops with the markup that its style knows', () => {
    const { page, parts } = compileDesign(marked, 'd');
    expect(page).not.toContain('<h2 id="a">');
    expect(parts.map(({ tag }) => tag)).toEqual(['li', 'section']);
    const node = parts.map(({ template }) => template).join('');
    for (const name of ['scroll-to', 'update', 'systable', 'gputable', 'usagebar', 'errormsg']) {
      expect(node).toContain(`class="${name}"`);
    }
  });

  test('a region with our own attributes is left alone', () => {
    const { page, parts } = compileDesign(wrap(`<!-- Content Start -->${loop}<!-- Content End -->`), 'd');
    expect(page).toContain('<!-- Content Start --><%~ it.part(0) %>');
    expect(parts[0]?.template).not.toContain('systable');
  });

  test('a table of contents without a list inside gets a whole one', () => {
    const { page } = compileDesign(
      wrap('<!-- toc start --><p>x</p><!-- toc end --><!-- Content Start --><!-- Content End -->'),
      'd',
    );
    expect(page).toContain('id="tableofcontents"');
    expect(page).toContain('it.part(1)');
  });

  const original = fileURLToPath(
    new URL('../../../shared/fixtures/mtcmon/index-design.html', import.meta.url),
  );
  test.skipIf(!existsSync(original))(
    'the original design works as it is (skipped: no ../shared/fixtures/mtcmon)',
    () => {
      const { page, parts } = compileDesign(readFileSync(original, 'utf8'), 'index-design.html', otherViews);
      expect(page).toContain('data-ub-color2="#f7b733"');
      expect(page).toContain('<noscript><meta http-equiv="refresh" content="60"></noscript>');
      expect(page).not.toContain('gpu-node-1');
      expect(parts[1]?.template).toContain('gputable');
      const kinds = parts.map(({ kind }) => kind);
      expect(kinds).toEqual(['nodes', 'nodes', 'gpus', 'jobs', 'jobs', 'users', 'jobs', 'users']);
    },
  );
});
