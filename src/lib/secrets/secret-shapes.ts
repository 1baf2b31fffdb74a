import { HIDDEN, isRandom } from './secret-names.ts';

/**
 * Secrets that are known by their looks, wherever they stand. Callers cut texts first: some patterns are tried
 * again at each dash of a long run.
 */

const KNOWN_TOKENS = new RegExp(
  `(?<![A-Za-z0-9])(?:${[
    '(?:hf_|api_org_|npm_|gh[opsur]_|r8_|gsk_|pplx-|xai-|rpa_|glsa_|tvly-|pcsk_|figd_)[A-Za-z0-9]{16,}',
    '(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{8,}',
    '(?:sk-(?!learn)|nvapi-|github_pat_|gl(?:pat|dt|rt|ptt|cbt|ft|soat|agent)-|GOCSPX-|dckr_[op]at_)[\\w-]{16,}',
    '(?:tskey-|xapp-|xox[abeprs]-|lsv2_|hv[sbr]\\.|ya29\\.)[\\w.-]{10,}',
    'pypi-[\\w-]{28,}',
    '(?:do[oprt]_v1_|shp(?:at|ca|pa|ss)_|sntry[su]_|dapi)\\w{16,}',
    '(?:AKIA|ASIA)[0-9A-Z]{16}',
    'AIza[\\w-]{30,}',
    'eyJ[\\w-]{10,}\\.[\\w-]{10,}\\.[\\w-]*',
    'SG\\.[\\w-]{16,}\\.[\\w-]{16,}',
    'key-[0-9a-f]{32}',
    'AGE-SECRET-KEY-1[0-9A-Z]{20,}',
  ].join('|')})`,
  'g',
);

const TELEGRAM = /(?<!\d)(\d{6,12}):AA[\w-]{20,}/g;
const WEBHOOK =
  /(hooks\.slack(?:-gov)?\.com\/[a-z]{1,20}\/|discord(?:app)?\.com\/api\/webhooks\/\d{1,20}\/|webhook\.office\.com\/|\/bot\/v2\/hook\/)[^\s"'?&]+/gi;
const BEARER = /\b(bearer\s{1,8})[^\s"']+/gi;
const BASIC = /\b((?:[Bb]asic|BASIC)\s{1,8})(?=[a-z]*[A-Z0-9+/=])[\w+/=-]{8,}/g;
const SQL_PASSWORD =
  /\b((?:(?:identified by|password) {1,4}|pragma {1,4}(?:hex)?(?:re)?key {0,4}= {0,4})['"])[^'"]+/gi;
/** `weboptions('Password','x')`: name and value are arguments of a call. */
const CALL_ARGUMENTS =
  /(\(\s{0,4}(?:[^()[\]]{0,256},\s{0,4})?(['"])(?:\w{0,32}password|passwd|\w{0,32}token|\w{0,16}api_?key|\w{0,16}secret)\2\s{0,4},\s{0,4}(['"]))(?:(?!\3).){1,256}/gi;
/** Of conda's channels. */
const CHANNEL_TOKEN = /(:\/\/[^\s/]{1,256}\/t\/)[\w-]{6,}(?=\/)/g;
const JDBC_PASSWORD = /(jdbc:oracle:[a-z]{1,20}:[^\s/@]{1,128}\/)[^\s@]+(?=@)/gi;

/** What stands alone before the `@` of these is a secret. */
const NAMELESS_SCHEME = /(?:https?|wss?|trojan|vless|vmess|hysteria2?|hy2|tuic|ss)$/i;
const AUTHORITY = /[^\s"'<>`/?#]*/y;
const REST_OF_URL = /[^\s"'<>`]{0,256}/y;

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** Where `USER:PASSWORD` ends that begins at `start`; -1 where there is none. A password may hold `/` or `@`. */
function userInfoEnd(text: string, start: number): number {
  const authority = matchAt(AUTHORITY, text, start);
  const at = authority.lastIndexOf('@');
  if (at >= 0) return start + at;
  const colon = authority.indexOf(':');
  if (colon < 0 || authority.startsWith('[') || /^\d*$/.test(authority.slice(colon + 1))) return -1;
  const later = matchAt(REST_OF_URL, text, start).lastIndexOf('@');
  return later < 0 ? -1 : start + later;
}

/** On the web a user name alone is a token more often than a name. */
function hideUserInfo(userInfo: string, isWeb: boolean): string {
  const colon = userInfo.indexOf(':');
  if (colon < 0) return userInfo === '' || !isWeb || userInfo === 'git' ? userInfo : HIDDEN;
  const user = userInfo.slice(0, colon);
  const password = userInfo.slice(colon + 1);
  const isNoPassword = password === '' || password === 'x-oauth-basic';
  const shownUser = isWeb && user !== '' && (isNoPassword || isRandom(user)) ? HIDDEN : user;
  return `${shownUser}:${isNoPassword ? password : HIDDEN}`;
}

function maskUrls(text: string): string {
  let masked = '';
  let done = 0;
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', Math.max(at + 3, done))) {
    const end = userInfoEnd(text, at + 3);
    if (end < 0) continue;
    const isWeb = NAMELESS_SCHEME.test(text.slice(Math.max(0, at - 9), at));
    masked += text.slice(done, at + 3) + hideUserInfo(text.slice(at + 3, end), isWeb);
    done = end;
  }
  return masked + text.slice(done);
}

function maskPrivateKeys(text: string): string {
  let masked = '';
  let done = 0;
  for (
    let at = text.indexOf('-----BEGIN ');
    at >= 0;
    at = text.indexOf('-----BEGIN ', Math.max(at + 1, done))
  ) {
    const headEnd = text.indexOf('KEY-----', at) + 8;
    if (headEnd < 8) break;
    if (headEnd - at > 64 || !text.slice(at, headEnd).endsWith('PRIVATE KEY-----')) continue;
    const end = text.indexOf('-----END', headEnd);
    masked += text.slice(done, headEnd) + HIDDEN;
    done = end < 0 ? text.length : end;
  }
  return masked + text.slice(done);
}

/** What a script of expect types, and the passwords that it keeps. */
export const maskExpect = (text: string): string =>
  text
    .replace(/\b(send(?:_\w{1,8})?\s{1,8}(?:-[\w-]{0,8}\s{1,8})?")[^"\\]{1,256}(?=\\[rn])/g, `$1${HIDDEN}`)
    .replace(
      /\b(set\s{1,8}\w{0,32}(?:pass\w{0,8}|pw|pwd|token|secret)\s{1,8}["{]?)[^\s;"}]{1,256}/gi,
      `$1${HIDDEN}`,
    );

/** Hides private keys, passwords in URLs, webhooks and well-known tokens. Pure; never throws. */
export function maskShapes(text: string): string {
  return maskUrls(maskPrivateKeys(text))
    .replace(WEBHOOK, `$1${HIDDEN}`)
    .replace(TELEGRAM, `$1:${HIDDEN}`)
    .replace(BEARER, `$1${HIDDEN}`)
    .replace(BASIC, `$1${HIDDEN}`)
    .replace(SQL_PASSWORD, `$1${HIDDEN}`)
    .replace(CALL_ARGUMENTS, `$1${HIDDEN}`)
    .replace(CHANNEL_TOKEN, `$1${HIDDEN}`)
    .replace(JDBC_PASSWORD, `$1${HIDDEN}`)
    .replace(KNOWN_TOKENS, HIDDEN);
}
