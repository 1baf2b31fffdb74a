import { describe, expect, it } from 'vitest';
import { bareSample } from '../../test/support/bare-sample.ts';
import { createKeptLine } from './kept-line.ts';
import { readSampleLine } from './sample-line.ts';

const lineOf = (mountPoint: string) =>
  JSON.stringify({
    ...bareSample,
    filesystems: [{ mountPoint, source: 's', fsType: 'ext4', kind: 'SSD' }],
  });

describe('createKeptLine', () => {
  it('gives back the last line, however the lengths and letters of lines change', () => {
    const kept = createKeptLine();
    for (const mark of ['/', `/${'x'.repeat(3_000)}`, '/größe/数据', '/b', `/${'é'.repeat(2_000)}`, '/c']) {
      const line = lineOf(mark);
      kept.keep(line);
      expect(kept.read()).toEqual(readSampleLine(line));
    }
  });

  it('leaves samples alone that were read before', () => {
    const kept = createKeptLine();
    kept.keep(lineOf('/first'));
    const first = kept.read();
    kept.keep(lineOf('/other'));
    expect(first.filesystems?.[0]?.mountPoint).toBe('/first');
    expect(kept.read().filesystems?.[0]?.mountPoint).toBe('/other');
  });

  it('reads a sample once, whoever asks', () => {
    const kept = createKeptLine();
    kept.keep(lineOf('/'));
    expect(kept.read()).toBe(kept.read());
  });
});
