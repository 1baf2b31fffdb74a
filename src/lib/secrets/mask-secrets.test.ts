import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Form } from './corpus/form.ts';
import { harmlessForms } from './corpus/harmless.ts';
import { maskedForms } from './corpus/masked.ts';
import { maskSecrets } from './mask-secrets.ts';

const nameOf = ({ program, words }: Form) => `${program} ${words.join(' ')}`;

/** What a word with a secret still shows at least: the option or variable, or the letter of a short option. */
function shownStart(word: string, secret: string): string {
  if (!/^(?:[-+]|[A-Z_]+=)/.test(word)) return '';
  const before = word.slice(0, word.indexOf(secret));
  const name = /^[^=:\s]*[=:]?/.exec(before)?.[0] ?? '';
  return /^-\w$/.test(before) ? before : /[=:]$/.test(name) ? name.slice(0, -1) : '';
}

describe('the corpus', () => {
  it('is large enough', () => {
    expect(maskedForms.length).toBeGreaterThanOrEqual(250);
    expect(harmlessForms.length).toBeGreaterThanOrEqual(120);
    for (const form of maskedForms) expect([nameOf(form), form.secrets.length]).not.toContain(0);
  });

  it.each(maskedForms.map((form) => [nameOf(form), form] as const))('%s: hides', (_name, form) => {
    const { program, words, secrets } = form;
    const masked = maskSecrets(program, words);
    expect(masked).toHaveLength(words.length);
    for (const secret of secrets) expect(masked.join(' ')).not.toContain(secret);
    for (const [at, word] of words.entries()) {
      const secret = secrets.find((text) => word.includes(text));
      if (secret === undefined) {
        expect(masked[at]).toBe(word);
        continue;
      }
      expect(masked[at]).toContain('***');
      expect(masked[at]?.slice(0, shownStart(word, secret).length)).toBe(shownStart(word, secret));
    }
    expect(maskSecrets(program, masked)).toEqual(masked);
  });

  it.each(harmlessForms.map((form) => [nameOf(form), form] as const))('%s: stays', (_name, form) => {
    expect(maskSecrets(form.program, form.words)).toEqual(form.words);
  });
});

describe('maskSecrets', () => {
  it.each([
    ['python', ['--password', 'hunter2', '--lr', '1'], ['--password', '***', '--lr', '1']],
    ['python', ['--env=TOKEN=abc'], ['--env=TOKEN=***']],
    ['python', ['http://ann:pw@host/x'], ['http://ann:***@host/x']],
    ['python', ['ann:pw@host'], ['ann:***@host']],
    ['python', ['https://host/?token=abc&x=1'], ['https://host/?token=***&x=1']],
    ['python', ['{"password":"x","a":1}'], ['{"password":"***","a":1}']],
    ['curl', ['-H', 'Authorization: Bearer abc.def'], ['-H', 'Authorization: ***']],
    ['psql', ['host=h password=x dbname=d'], ['host=h password=*** dbname=d']],
    ['mount', ['-o', 'username=u,password=p,vers=3'], ['-o', 'username=u,password=***,vers=3']],
    [
      'az',
      ['AccountName=a;AccountKey=b==;EndpointSuffix=x'],
      ['AccountName=a;AccountKey=***;EndpointSuffix=x'],
    ],
    [
      'bash',
      ['-c', 'cd /x && TOKEN="a b" python x.py --api-key y --lr 1 | tee z'],
      ['-c', 'cd /x && TOKEN="***" python x.py --api-key *** --lr 1 | tee z'],
    ],
    ['bash', ['-c', "sh -c 'mysql -uroot -px db' && ls"], ['-c', "sh -c 'mysql -uroot -p*** db' && ls"]],
    ['docker', ['login', '-u', 'ann', '-p', 'x', 'h'], ['login', '-u', 'ann', '-p', '***', 'h']],
    ['sshpass', ['-p', '-x', 'ssh', '-p', '22', 'h'], ['-p', '***', 'ssh', '-p', '22', 'h']],
  ])('%s %j', (program, words, expected) => expect(maskSecrets(program, words)).toEqual(expected));

  const programs = fc.constantFrom(
    '',
    'x',
    'curl',
    'bash',
    'docker',
    'mysql',
    'vault',
    'openssl',
    'constructor',
  );
  const fragments = fc.constantFrom(
    '--password',
    '-p',
    '-c',
    'TOKEN=',
    '"',
    "'",
    '\\',
    ': ',
    '://',
    '@',
    'a:b@c',
    ' ',
    ';',
    '{',
    '}',
    ',x=',
    '\ud800',
    '\udc00',
    '\0',
    'login',
    'Authorization: Bearer ',
    '-----BEGIN PRIVATE KEY-----',
  );
  const word = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
      .map((units) => String.fromCharCode(...units)),
    fc.array(fragments, { maxLength: 12 }).map((parts) => parts.join('')),
  );

  it('keeps the number of words and never throws, whatever comes', () => {
    fc.assert(
      fc.property(
        programs,
        fc.array(word),
        (program, words) => maskSecrets(program, words).length === words.length,
      ),
      { numRuns: 1_000 },
    );
  });

  it('changes nothing any more where it was before', () => {
    fc.assert(
      fc.property(programs, fc.array(fc.string()), (program, words) => {
        const masked = maskSecrets(program, words);
        expect(maskSecrets(program, masked)).toEqual(masked);
      }),
    );
  });

  it('hides what is given to a secret, whatever it is', () => {
    const isWord = (text: string) => !/^(?:true|false|yes|no|on|off|none|null|nil|undefined)$/i.test(text);
    const secret = fc.stringMatching(/^[a-zA-Z0-9]{5,30}$/).filter(isWord);
    fc.assert(
      fc.property(secret, (given) => {
        const forms = [
          [`--password=${given}`],
          ['--api-key', given],
          [`DB_PASSWORD=${given}`],
          [`https://ann:${given}@h/x`],
          [`{"token": "${given}"}`],
        ];
        for (const words of forms) {
          const rest = maskSecrets('x', words)
            .join(' ')
            .replaceAll(/password|api-key|DB_PASSWORD|https|token/g, '');
          expect(rest).not.toContain(given);
        }
      }),
    );
  });

  const LENGTH = 131_072;
  it.each([
    'a=a=',
    'a=',
    'token=',
    'pad_token=',
    'a.',
    'a',
    '"',
    "'",
    '\'"',
    '\\',
    '://',
    'http://a:b',
    '@',
    'a:',
    '-H ',
    ' ',
    '\n',
    '\0',
    ';',
    '$(',
    'token: ',
    'token:"',
    '{"token":',
    'eyJ-',
    '-',
    'bearer ',
    '-----BEGIN ',
    'sh -c ',
    'echo x|',
    '\ud800',
  ])('takes no time for 128 KiB of %j', (part) => {
    const text = part.repeat(Math.ceil(LENGTH / part.length)).slice(0, LENGTH);
    for (const program of ['x', 'bash']) {
      const startedAt = performance.now();
      const [, masked = ''] = maskSecrets(program, ['-c', text]);
      maskSecrets(program, [...text.slice(0, 20_000)]);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      expect(masked.length).toBeLessThan(16_384);
    }
  });

  it('leaves no part of a secret where a word is cut', () => {
    const [shown = ''] = maskSecrets('x', [`https://ann:${'hunter2'.repeat(1_000)}@host`]);
    expect(shown).not.toContain('hunter2');
    const [config = ''] = maskSecrets('x', [
      `{"a":"${'b'.repeat(1_000)}","password":"${'hunter2'.repeat(500)}"}`,
    ]);
    expect(config).not.toContain('hunter2');
  });
});
