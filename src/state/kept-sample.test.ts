import { describe, expect, it } from 'vitest';
import { bareSample } from '../../test/support/bare-sample.ts';
import { createKeptSample } from './kept-sample.ts';

const wholeOf = (mountPoint: string) =>
  Buffer.from(
    JSON.stringify({
      ...bareSample,
      filesystems: [{ mountPoint, source: 's', fsType: 'ext4', kind: 'SSD' }],
    }),
  );
const mountPoint = (kept: ReturnType<typeof createKeptSample>) => {
  const read = kept.read();
  return read.ok ? read.sample.filesystems?.[0]?.mountPoint : read.reason;
};

describe('createKeptSample', () => {
  it('gives back the last sample, however lengths and letters change', () => {
    const kept = createKeptSample();
    for (const mark of ['/', `/${'x'.repeat(3_000)}`, '/größe/数据', '/b', `/${'é'.repeat(2_000)}`, '/c']) {
      const whole = wholeOf(mark);
      kept.keep(whole);
      // Whoever brought it uses its memory again.
      whole.fill(0);
      expect(mountPoint(kept)).toBe(mark);
    }
  });

  it('leaves samples alone that were read before', () => {
    const kept = createKeptSample();
    kept.keep(wholeOf('/first'));
    const first = kept.read();
    kept.keep(wholeOf('/other'));
    expect(first).toMatchObject({ ok: true, sample: { filesystems: [{ mountPoint: '/first' }] } });
    expect(mountPoint(kept)).toBe('/other');
  });

  it('reads a sample once, whoever asks', () => {
    const kept = createKeptSample();
    kept.keep(wholeOf('/'));
    expect(kept.read()).toBe(kept.read());
  });

  it('says what is wrong with one that is none', () => {
    const kept = createKeptSample();
    expect(mountPoint(kept)).toBe('a line is not JSON');
    kept.keep(Buffer.from('{"type":"bye","reason":"x"}'));
    expect(mountPoint(kept)).toBe("a bye behind a sample's brief");
    kept.keep(Buffer.from('{"type":"sample"}'));
    expect(mountPoint(kept)).toMatch(/^sequence: /);
  });
});
