import { readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Who may import whom. Tests and their helpers are free. */

const src = fileURLToPath(new URL('../src', import.meta.url));

interface Rule {
  rooms: readonly string[];
  packages: readonly string[];
  /** Node.js's own modules: doors to files, sockets and programs. */
  builtins: boolean;
}

const rules: Record<string, Rule> = {
  lib: { rooms: ['shared'], packages: [], builtins: false },
  protocol: { rooms: ['lib'], packages: ['zod'], builtins: false },
  report: { rooms: ['protocol', 'lib', 'shared'], packages: [], builtins: false },
  config: { rooms: ['report', 'protocol', 'lib'], packages: ['zod', 'smol-toml'], builtins: true },
  nodes: { rooms: ['report', 'lib'], packages: [], builtins: true },
  monitor: { rooms: ['protocol', 'lib'], packages: [], builtins: true },
  transport: { rooms: ['config', 'nodes', 'report', 'protocol', 'lib'], packages: ['ssh2'], builtins: true },
  fleet: {
    rooms: ['transport', 'nodes', 'report', 'protocol', 'lib'],
    packages: ['p-limit'],
    builtins: true,
  },
  demo: { rooms: ['report', 'protocol', 'lib'], packages: [], builtins: false },
  history: {
    rooms: ['report', 'protocol', 'lib'],
    packages: ['zod', '@photostructure/sqlite', 'pg'],
    builtins: true,
  },
  state: { rooms: ['history', 'report', 'protocol', 'lib'], packages: [], builtins: false },
  cluster: { rooms: ['report', 'protocol', 'lib'], packages: [], builtins: false },
  design: { rooms: ['lib'], packages: ['parse5', 'eta'], builtins: false },
  query: { rooms: ['report', 'protocol', 'lib', 'shared'], packages: [], builtins: false },
  render: {
    rooms: ['cluster', 'report', 'protocol', 'lib', 'shared'],
    packages: ['eta', 'string-width'],
    builtins: false,
  },
  web: {
    rooms: ['cluster', 'render', 'query', 'report', 'protocol', 'lib', 'shared'],
    packages: ['zod', 'hono', '@hono/node-server'],
    builtins: true,
  },
  cli: { rooms: ['main', 'head', 'config', 'render', 'report', 'lib'], packages: ['yargs'], builtins: true },
};

interface Import {
  from: string;
  specifier: string;
  typeOnly: boolean;
}

const files = readdirSync(src, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|test-kit/.test(file));

function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8');
  const pattern = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)';/gm;
  return Array.from(text.matchAll(pattern), (match) => ({
    from: file,
    specifier: match[2] ?? '',
    typeOnly: match[1] !== undefined,
  }));
}

const isOwn = (specifier: string) => specifier.startsWith('.');
const isBuiltin = (specifier: string) => specifier.startsWith('node:') || builtinModules.includes(specifier);
const resolve = (found: Import) => relative(src, join(src, dirname(found.from), found.specifier));
/** What server and browser both use, in a folder that is served. */
const SHARED = '../static/shared/';
const roomOf = (file: string) => {
  if (file.startsWith(SHARED)) return 'shared';
  return file.includes('/') ? (file.split('/')[0] ?? '') : file.replace(/\.ts$/, '');
};
const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** The head puts all rooms together, and `main.ts` is its door. */
const free = ['main', 'head'];
const imports = files.filter((file) => !free.includes(roomOf(file))).flatMap(importsOf);

describe('rooms', () => {
  it('are all known', () => {
    expect(files.length).toBeGreaterThan(50);
    for (const file of files) expect([...Object.keys(rules), ...free]).toContain(roomOf(file));
  });

  it('import only the rooms that they may', () => {
    const forbidden = imports.filter((found) => {
      if (!isOwn(found.specifier)) return false;
      const room = roomOf(found.from);
      const other = roomOf(resolve(found));
      return other !== room && !rules[room]?.rooms.includes(other);
    });
    expect(forbidden.map((found) => `${found.from} → ${found.specifier}`)).toEqual([]);
  });

  it('import only the packages that they may', () => {
    const forbidden = imports.filter(
      ({ from, specifier }) =>
        !isOwn(specifier) &&
        !isBuiltin(specifier) &&
        !rules[roomOf(from)]?.packages.includes(packageOf(specifier)),
    );
    expect(forbidden.map((found) => `${found.from} → ${found.specifier}`)).toEqual([]);
  });

  it('reach the machine only where they may', () => {
    const forbidden = imports.filter(
      ({ from, specifier }) => isBuiltin(specifier) && !rules[roomOf(from)]?.builtins,
    );
    expect(forbidden.map((found) => `${found.from} → ${found.specifier}`)).toEqual([]);
  });

  it('leave files and programs of the node to its doors', () => {
    // The helper that reads NVML is a program of its own.
    const nodeDoors = ['monitor/system.ts', 'monitor/nvml/helper-door.ts'];
    const doors = ['node:fs', 'node:child_process', 'node:fs/promises'];
    const others = imports.filter(
      ({ from, specifier, typeOnly }) =>
        roomOf(from) === 'monitor' && doors.includes(specifier) && !typeOnly && !nodeDoors.includes(from),
    );
    expect(others.map((found) => found.from)).toEqual([]);
  });

  it('keep zod and what browsers share out of the monitor', () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const found of importsOf(file))
        if (isOwn(found.specifier) && !found.typeOnly) visit(resolve(found));
    };
    visit('monitor/main.ts');
    expect([...seen].filter((file) => file.startsWith('..'))).toEqual([]);
    const withZod = [...seen].filter((file) => importsOf(file).some(({ specifier }) => specifier === 'zod'));
    expect(withZod).toEqual([]);
  });
});

describe('imports', () => {
  it('make no circle, not even of types', () => {
    const state = new Map<string, 'open' | 'done'>();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'open') circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      if (state.has(file)) return;
      state.set(file, 'open');
      for (const found of importsOf(file)) {
        if (isOwn(found.specifier)) visit(resolve(found), [...path, file]);
      }
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });

  it('leave the environment to config and the command line', () => {
    const readers = files.filter((file) => /process\.env\b/.test(readFileSync(join(src, file), 'utf8')));
    const allowed = [
      'cli/environment.ts',
      'monitor/main.ts',
      'monitor/system.ts',
      'monitor/nvml/helper-door.ts',
    ];
    expect(readers.filter((file) => !allowed.includes(file))).toEqual([]);
  });
});

describe('static/', () => {
  const folder = join(src, '../static');
  const served = readdirSync(folder, { recursive: true }).map(String);
  const modules = served.filter((file) => file.endsWith('.js'));
  const importsIn = (file: string) =>
    importsOf(join('../static', file)).map(({ specifier }) => ({
      specifier,
      target: join(dirname(file), specifier),
    }));

  it('imports by address, and nothing from outside of it', () => {
    expect(modules.length).toBeGreaterThan(40);
    const strays = modules.flatMap((file) =>
      importsIn(file).filter(({ specifier, target }) => !isOwn(specifier) || !modules.includes(target)),
    );
    expect(strays).toEqual([]);
  });

  it('shares with the server what imports nothing else', () => {
    const strays = modules
      .filter((file) => file.startsWith('shared/'))
      .flatMap((file) => importsIn(file).filter(({ target }) => !target.startsWith('shared/')));
    expect(strays).toEqual([]);
  });

  it('has at most 20 files in a folder', () => {
    const counts = new Map<string, number>();
    for (const file of served.filter((name) => statSync(join(folder, name)).isFile()))
      counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > 20)).toEqual([]);
  });
});

describe('exported names', () => {
  it('stand for one thing each', () => {
    const places = new Map<string, string[]>();
    const pattern = /^export (?:async )?(?:function\*?|const|interface|type|class) (\w+)/gm;
    for (const file of files) {
      for (const [, name = ''] of readFileSync(join(src, file), 'utf8').matchAll(pattern))
        places.set(name, [...(places.get(name) ?? []), file]);
    }
    expect(places.size).toBeGreaterThan(500);
    const shared = [...places].filter(([, found]) => found.length > 1);
    expect(shared.map(([name, found]) => `${name}: ${found.join(', ')}`)).toEqual([]);
  });
});

describe('exported functions', () => {
  it('say in a line what they take, give or throw', () => {
    const declaration =
      /^export (?:(?:async )?function\*? (\w+)|const (\w+)(?:: [^=]+)? = (?:async )?\(?.*=>)/;
    const silent = files.flatMap((file) => {
      const lines = readFileSync(join(src, file), 'utf8').split('\n');
      return lines.flatMap((line, at) => {
        const [, declared, assigned] = declaration.exec(line) ?? [];
        const name = declared ?? assigned;
        return name === undefined || lines[at - 1]?.trim().endsWith('*/') ? [] : [`${file}: ${name}`];
      });
    });
    expect(silent).toEqual([]);
  });
});
