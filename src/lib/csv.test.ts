import { expect, it } from 'vitest';
import { csvOf } from './csv.ts';

it('writes tables that spreadsheets read as they are', () => {
  const rows = [
    ['time', 'a "b", c', 'd'],
    [-3, null, 'line\nbreak'],
    ['=1+1', '@x', '-v'],
  ];
  expect(csvOf(rows)).toBe('time,"a ""b"", c",d\r\n-3,,"line\nbreak"\r\n' + "'=1+1,'@x,'-v\r\n");
});
