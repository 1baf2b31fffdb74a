/** Whether a name stands for a secret: decided by whole words of the name, and by what it is given. */

/** What stands in a secret's place. */
export const HIDDEN = '***';

const setOf = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/));

/** A name without any of these is none, which most names are: the rest of this file need not look. */
const PARTS = /pass|pwd|pw|secret|token|cred|auth|bearer|cookie|key|sess|pin|otp|pat|jwt|psk|mnemonic/i;

const ALWAYS = setOf(
  `password passwords passwd passphrase passphrases passcode secret secrets bearer authorization mnemonic psk jwt
  masterauth sessionid jsessionid phpsessid`,
);

/** Secrets that are given as often by a file. */
const OR_FILE = setOf('credential credentials creds cookie cookies');

/** A name that ends so is about a secret and holds another thing: `token-file`, `auth_type`, `password_min_length`. */
const OTHER_THINGS = setOf(
  `file files path paths dir directory folder name names type types mode url uri endpoint host server port user
  username email id ids count counts limit limits size length len level min max ttl timeout expiry expires expiration
  lifetime age policy method methods mechanism plugin provider backend class algorithm alg format version prompt hint
  command cmd helper manager store env var variable field column rotation rounds retries attempts budget ratio rate
  dim dims embedding embeddings enabled disabled required optional stdin fd arn ref scope scopes realm domain issuer
  audience dispatcher merging dropping mixer mixing classification index jar browser keyring namespace template schema role roles
  fingerprint bits`,
);

/** `--no-password`, `--with-token`: nothing of theirs follows. */
const SWITCHES = setOf('no disable enable skip ask without with show hide allow require prompt');

const COUNTS = setOf(
  'max min num n number count new total per context prompt batch first last next draft generated output input',
);

/** Tokens of a language model's vocabulary. */
const VOCABULARY = setOf(
  `eos bos pad unk sep cls mask stop start end image img audio video speech vision decoder special extra forced begin
  think tool register prefix ignore`,
);

const TOKEN_OWNERS = setOf('auth access api refresh bearer personal session secret');

const KEY_OWNERS = setOf(
  `api access secret account auth master storage shared service subscription admin app application consumer session
  setup activation recovery aes hmac fernet
  wandb openai azure anthropic stripe ngc hf huggingface nvidia comet neptune google gcp aws github gitlab cohere
  mistral groq replicate together deepseek gemini claude sendgrid twilio datadog slack kaggle pinecone tavily langchain
  langsmith openrouter fireworks perplexity elevenlabs`,
);
const FILED_KEYS = setOf('private deploy signing encryption license certificate');
const KEY_FORMS = setOf('base value data string pem material hex');

const PASSES = setOf(
  'single one two first second multi forward backward low high band by all each per num n max min render depth',
);
const GLUED_PASS =
  /^(?:require|ssh|root|user|admin|db|key|(?:src|dest|trust)?store|smtp|mail|ldap|ftp|http|proxy|vnc|sudo|my|pg|wifi|new|old|bind)pass$/;

const AUTH_METHOD =
  /^(?:basic|oauth\d?|digest|ntlm|negotiate|kerberos|krb5|gssapi|ldap|pam|jwt|oidc|saml|sso|token|password|bearer|key|publickey|hostbased|cert|certificate|mtls|tls|ssl|md5|scram|scram-sha-\d+|plain|login|peer|trust|ident|any|iam|munge|local|simple|anonymous|default|native|\d{1,5})$/i;

const NO_VALUE = /^(?:true|false|yes|no|on|off|none|null|nil|undefined|\**)$/i;
const NUMBER = /^-?\d{1,9}(?:\.\d{1,9})?[kKmM]?$/;
const PATH_START = /^(?:~|\.{0,2}\/|[A-Za-z]:\\)/;
const FILE_END = /\.(?:pem|key|pub|json|ya?ml|txt|crt|conf|ini|jks|p12|pfx|toml|env|cfg|jar|sqlite)$/i;

const isPath = (value: string) => PATH_START.test(value) || FILE_END.test(value);

/** Long, without blanks, of letters and digits: rather made by a machine than a word. */
export const isRandom = (value: string) => /^(?=.*\d)(?=.*[A-Za-z])[\w+=-]{16,}$/.test(value);

const GLUED = /(?:password|passwd|passphrase|passcode|secret|token|credential|authorization)s?(?= |$)/g;
const GLUED_KEY =
  /(api|auth|access|secret|private|account|signing|encryption|license|subscription)(keys?)(?= |$)/g;

/** Longer names are judged by their end. */
const MAX_NAME_LENGTH = 128;

/** `dbPassword`, `PGPASSWORD`, `X-Api-Key` → their words in small letters. */
function wordsOf(name: string): string[] {
  return name
    .slice(-MAX_NAME_LENGTH)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .replace(/[^a-z]+/g, ' ')
    .replace(GLUED, ' $&')
    .replace(GLUED_KEY, ' $1 $2')
    .split(' ')
    .filter((word) => word !== '');
}

function bareValue(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && /[\s\\"'`]/.test(value.charAt(start))) start++;
  while (end > start && /[\s\\"'`]/.test(value.charAt(end - 1))) end--;
  return value.slice(start, end);
}

function isSecretToken(words: readonly string[], at: number, value: string): boolean {
  if (/^<[^<>]*>$|^\[[A-Z_]+\]$/.test(value)) return false;
  const before = words[at - 1] ?? '';
  const isPlural = words[at] === 'tokens';
  if (COUNTS.has(before)) return isPlural ? isRandom(value) : !NUMBER.test(value);
  if (VOCABULARY.has(before)) return isRandom(value);
  if (isPlural) return words.some((word) => TOKEN_OWNERS.has(word)) || isRandom(value);
  return at === words.length - 1 || !NUMBER.test(value);
}

function isSecretKey(words: readonly string[], value: string): boolean {
  const at = words.length - (KEY_FORMS.has(words.at(-1) ?? '') ? 2 : 1);
  if (words[at] !== 'key' && words[at] !== 'keys') return false;
  const owner = words[at - 1] ?? '';
  if (KEY_OWNERS.has(owner)) return true;
  if (FILED_KEYS.has(owner)) return !isPath(value);
  return at === 0 && value.length >= 32 && isRandom(value);
}

function isSecretByLastWord(last: string, before: string, value: string): boolean {
  if (GLUED_PASS.test(last)) return true;
  switch (last) {
    case 'auth':
      return !AUTH_METHOD.test(value) && !isPath(value);
    case 'pass':
    case 'pw':
      return !/^\d$/.test(value) && !PASSES.has(before);
    case 'pwd':
      return !isPath(value);
    case 'pin':
      return /^\d{4,12}$/.test(value);
    case 'otp':
    case 'totp':
      return true;
    case 'pat':
      return isRandom(value);
    default:
      return false;
  }
}

/** False for most names, and quick. */
export const mayBeSecret = (name: string): boolean => PARTS.test(name.slice(-MAX_NAME_LENGTH));

/** Whether `value`, given to an option, a variable or a field of this name, is a secret. Pure, linear, never throws. */
export function isSecret(name: string, value: string): boolean {
  if (!mayBeSecret(name)) return false;
  const given = bareValue(value);
  if (NO_VALUE.test(given)) return false;
  const words = wordsOf(name);
  const last = words.at(-1) ?? '';
  const before = words.at(-2) ?? '';
  if (last === 'id' && before === 'session') return true;
  if (last === 'id' && before === 'secret') return isRandom(given);
  if (OTHER_THINGS.has(last) || (last === 'hash' && words.includes('cert'))) return false;
  if (name.startsWith('-') && words.length > 1 && SWITCHES.has(words[0] ?? '')) return isRandom(given);
  if (last === 'secret' && /^(?:id|type|src|source)=/.test(given)) return false;
  if (words.some((word) => ALWAYS.has(word))) return true;
  if (words.some((word) => OR_FILE.has(word))) return !isPath(given);
  const tokenAt = words.findLastIndex((word) => word === 'token' || word === 'tokens');
  if (tokenAt >= 0) return isSecretToken(words, tokenAt, given);
  // Hadoop's `fs.azure.account.key.ACCOUNT…`
  if (/azure\.account\.key\./i.test(name)) return true;
  return isSecretKey(words, given) || isSecretByLastWord(last, before, given);
}
