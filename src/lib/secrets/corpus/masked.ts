import { type Form, formsOf } from './form.ts';
import { runnerLines } from './runners.ts';
import { serviceLines } from './services.ts';
import { storeLines } from './stores.ts';
import { filler, tokensOfAllShapes } from './token-shapes.ts';

/** Each holds secrets that must not be seen. */
export const maskedForms: readonly Form[] = [
  ...[runnerLines, storeLines, serviceLines].flatMap(formsOf),
  ...tokensOfAllShapes().map((token) => ({
    program: 'x',
    words: ['-z', token, `a/${token}`],
    secrets: [token],
  })),
  {
    program: 'x',
    words: ['--pem', `-----BEGIN RSA PRIVATE ${'KEY'}-----\nabc\ndef==\n-----END RSA PRIVATE ${'KEY'}-----`],
    secrets: ['abc', 'def'],
  },
  {
    program: 'curl',
    words: [`https://api.telegram.org/bot123456789:AA${filler(33)}/getMe`],
    secrets: [filler(33)],
  },
];
