import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseContainerNames, parseListpids, parsePodFolders, parseSqueue } from './name-answers.ts';

describe('answers of tools', () => {
  it('squeue: a name may hold what parts the columns', () => {
    expect(parseSqueue('12|12|N/A|ann|train|v2 \n13|13|N/A|bob|\nerror: x\n')).toEqual([
      { id: '12', user: 'ann', name: 'train|v2' },
      { id: '13', user: 'bob', name: null },
    ]);
  });

  it('squeue: elements of arrays, the last of which has the array’s number, and those that wait', () => {
    const text = '11|9|1|ann|sweep\n9|9|2|ann|sweep\n20|20|[3-8%2]|ann|later\n';
    expect(parseSqueue(text).map(({ id, arrayId }) => [id, arrayId])).toEqual([
      ['11', '9_1'],
      ['9', '9_2'],
      ['20', undefined],
    ]);
  });

  it('squeue: a name with a line end in it tells nothing of another job', () => {
    const forged = '14|14|N/A|mallory|x\n15|3|7|root|stolen\n15|15|N/A|ann|train\n';
    expect(parseSqueue(forged)).toEqual([
      { id: '14', user: 'mallory', name: 'x' },
      { id: '15', user: null, name: null },
    ]);
  });

  it('scontrol listpids: columns by their names', () => {
    const text =
      'PID      JOBID    STEPID   LOCALID GLOBALID\n10384    1        batch    0       0\n-1       1        extern   -1      -1\n11 2_3 0 0 0\n';
    expect([...parseListpids(text)]).toEqual([
      [10384, '1'],
      [11, '2'],
    ]);
    expect([...parseListpids('SLUID JOBID STEPID PID\nsAB 77 0 9\n')]).toEqual([[9, '77']]);
    expect(parseListpids('No job steps exist on this node.\n').size).toBe(0);
  });

  it('docker and podman: the first of several names', () => {
    const id = 'ab'.repeat(32);
    expect(parseContainerNames(`${id} web,alias/web\nCONTAINER ID\n`)).toEqual([
      { id, user: null, name: 'web' },
    ]);
  });

  it('the kubelet’s folders of logs', () => {
    const found = parsePodFolders(['ml_train-0_0f9e8d7c-1234-5678-9abc-def012345678', 'x', 'a_b_c_d']);
    expect(found).toEqual([{ id: '0f9e8d7c-1234-5678-9abc-def012345678', user: null, name: 'ml/train-0' }]);
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseSqueue(text);
        parseListpids(text);
        parseContainerNames(text);
        parsePodFolders(text.split('\n'));
      }),
    );
  });

  it('keep no control characters', () => {
    expect(parseSqueue('1|1|N/A|a\u001b|b\u0007c')).toEqual([{ id: '1', user: 'a?', name: 'b?c' }]);
  });
});
