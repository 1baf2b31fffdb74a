import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeSettingsOf, targetsFor } from './targets.ts';

describe('the nodes of a command', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'targets-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function find(list: string, node: string | null) {
    const nodeList = join(folder, 'nodes');
    writeFileSync(nodeList, list);
    const problems: string[] = [];
    const settingsFile = { path: '/settings/other.toml', stamp: '', isMissing: false };
    const config = { nodeList, intervalMs: 1_000, watchedIntervalMs: 1_000, nodeRules: [], settingsFile };
    const targets = await targetsFor(config, node, (problem) => problems.push(problem));
    return { names: targets.map(({ name }) => name), problems };
  }

  it('are those of the list, and a line that is left out is told', async () => {
    const { names, problems } = await find('n[1-2],n7\nn{1..3}\n', null);
    expect(names).toEqual(['n1', 'n2', 'n7']);
    expect(problems).toEqual([expect.stringContaining('nodes:2: "n{1..3}" is left out')]);
  });

  it('are refused where the settings have a bad pattern, with the file that is in use', () => {
    const settingsFile = { path: '/settings/other.toml', stamp: '', isMissing: false };
    const nodeRules = [{ pattern: 'n[3-1]', settings: {} }];
    expect(() =>
      nodeSettingsOf({ intervalMs: 1_000, watchedIntervalMs: 1_000, nodeRules, settingsFile }),
    ).toThrow('/settings/other.toml, nodes: the pattern "n[3-1]"');
  });

  it('are those that it names, and what is none of them is told', async () => {
    expect(await find('n1\n', 'n3')).toEqual({ names: ['n3'], problems: [] });
    await expect(find('n1\n', 'n{1..3}')).rejects.toThrow('n{1..3}');
  });
});
