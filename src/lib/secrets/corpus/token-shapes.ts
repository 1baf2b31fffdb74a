/** Letters and digits of a length, as a token has them. */
export const filler = (length: number) => 'x1'.repeat(Math.ceil(length / 2)).slice(0, length);

/** Beginnings and lengths of tokens that are known by their looks; put together here, so that no scanner finds one. */
const SHAPES: readonly (readonly [beginning: string, length: number])[] = [
  ['hf' + '_', 34],
  ['nvapi' + '-', 60],
  ['npm' + '_', 36],
  ['sk_' + 'live_', 24],
  ['sk_' + 'test_', 24],
  ['rk_' + 'live_', 24],
  ['sk' + '-', 40],
  ['sk-' + 'ant-', 40],
  ['pypi' + '-', 60],
  ['gh' + 'p_', 36],
  ['gh' + 'o_', 36],
  ['gh' + 'u_', 36],
  ['gh' + 's_', 36],
  ['gh' + 'r_', 36],
  ['github' + '_pat_', 60],
  ['gl' + 'pat-', 20],
  ['gl' + 'dt-', 20],
  ['gl' + 'rt-', 20],
  ['xox' + 'b-', 30],
  ['xox' + 'p-', 30],
  ['xa' + 'pp-', 30],
  ['ya' + '29.', 40],
  ['GOC' + 'SPX-', 28],
  ['AI' + 'za', 35],
  ['dop' + '_v1_', 64],
  ['shp' + 'at_', 32],
  ['dckr' + '_pat_', 27],
  ['tskey' + '-auth-', 30],
  ['hv' + 's.', 40],
  ['r8' + '_', 37],
  ['gsk' + '_', 52],
  ['xai' + '-', 80],
  ['pplx' + '-', 48],
  ['lsv2' + '_pt_', 40],
];

/** One token of each shape. */
export function tokensOfAllShapes(): string[] {
  const letters = 'ABCD0123EFGH4567';
  return [
    ...SHAPES.map(([beginning, length]) => beginning + filler(length)),
    `AK${'IA'}${letters}`,
    `AS${'IA'}${letters}`,
    `ey${'J'}${filler(20)}.${filler(20)}.${filler(20)}`,
    `S${'G'}.${filler(22)}.${filler(43)}`,
    `ke${'y'}-${'0123456789abcdef'.repeat(2)}`,
  ];
}
