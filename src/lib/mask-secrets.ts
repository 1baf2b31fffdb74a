/** Secrets in the arguments of programs are hidden before they leave the node. */

const HIDDEN = '***';

const SECRET_NAME =
  /(?:^|[^a-z])(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|auth(?:orization|token|key)?|bearer|(?:api|access|private|secret|account|encryption|license|auth|ssh|signing)[-_]?key|apikey|session[-_]?id|cookie)(?:$|[^a-z])/i;

/** camelCase and run-together names (`dbPassword`, `PGPASSWORD`, `authToken`) that the above misses. */
const SECRET_ENDING =
  /(?:password|passwd|passphrase|secret|token|api[-_]?key|apikey|access[-_]?key|private[-_]?key|secret[-_]?key|credentials?)$/i;

/** Names that look like secrets and are none: sizes, counts and files of tokens. */
const HARMLESS_NAME =
  /(?:max|min|num|n|new|pad|eos|bos|total|per|context|prompt|batch)[-_]?(?:\w+[-_])?tokens?$|tokens$|tokenizer|tokeni[sz]e/i;

function isSecretName(name: string): boolean {
  if (HARMLESS_NAME.test(name)) return false;
  return SECRET_NAME.test(name) || SECRET_ENDING.test(name);
}

/** Well-known shapes of keys, wherever they stand. */
const KNOWN_TOKEN =
  /\b(?:hf_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)/g;

const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi;
const USER_PASSWORD_AT = /^([^\s/:@=]+):[^\s/@]+@/;
const BEARER = /\b(bearer|basic)\s+[^\s"']+/gi;
const QUOTED_PAIR = /(["']?)([\w.-]+)\1(\s*[:=]\s*)(["'])(?:(?!\4).)*\4/g;
const PLAIN_PAIR = /\b([A-Za-z_][\w.-]*)=([^\s"'&;]+)/g;
const QUERY_PAIR = /([?&;])([\w.-]+)=[^&;\s"']*/g;

/** `A=B=secret`: the name before a sign may itself be a value. */
function maskPlainPair(_all: string, name: string, value: string): string {
  return `${name}=${isSecretName(name) ? HIDDEN : value.replace(PLAIN_PAIR, maskPlainPair)}`;
}

function maskInside(word: string): string {
  return word
    .replace(URL_PASSWORD, `$1:${HIDDEN}@`)
    .replace(USER_PASSWORD_AT, `$1:${HIDDEN}@`)
    .replace(BEARER, `$1 ${HIDDEN}`)
    .replace(QUERY_PAIR, (all, mark: string, name: string) =>
      isSecretName(name) ? `${mark}${name}=${HIDDEN}` : all,
    )
    .replace(QUOTED_PAIR, (all, quote: string, name: string, sign: string, valueQuote: string) =>
      isSecretName(name) ? `${quote}${name}${quote}${sign}${valueQuote}${HIDDEN}${valueQuote}` : all,
    )
    .replace(PLAIN_PAIR, maskPlainPair)
    .replace(/\b([A-Za-z][\w-]*):\s+(\S.*)$/, (all, name: string) =>
      isSecretName(name) ? `${name}: ${HIDDEN}` : all,
    )
    .replace(KNOWN_TOKEN, HIDDEN);
}

function maskWord(word: string): string {
  const pair = /^(-{0,2}[A-Za-z_][\w.-]*)([=:]\s*).+$/s.exec(word);
  const [, name = '', sign = ''] = pair ?? [];
  if (isSecretName(name.replace(/^-+/, ''))) return `${name}${sign}${HIDDEN}`;
  return maskInside(word);
}

/** `-pSECRET` of the MySQL and sshpass families. */
function maskShortPassword(program: string, word: string): string | null {
  if (!/^(?:mysql|mariadb|sshpass)/.test(program)) return null;
  return /^-p./.test(word) ? `-p${HIDDEN}` : null;
}

/** Masks `--password x`, `TOKEN=x`, `user:x@host` and their kin in argv[1..]. Pure; keeps the number of words. */
export function maskSecrets(program: string, words: readonly string[]): string[] {
  let hideNext = false;
  return words.map((word) => {
    if (hideNext && !(word.startsWith('-') && word.length > 1 && /^--?[a-z]/i.test(word))) {
      hideNext = false;
      return HIDDEN;
    }
    hideNext = /^-{1,2}[A-Za-z][\w.-]*$/.test(word) && isSecretName(word.replace(/^-+/, ''));
    if (program === 'sshpass' && word === '-p') hideNext = true;
    return maskShortPassword(program, word) ?? maskWord(word);
  });
}
