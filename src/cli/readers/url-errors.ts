import { UsageError } from '../usage/usage-error.ts';

/** What is known of a question that got no answer. */
export interface Unanswered {
  /** Without a password. */
  url: string;
  host: string;
  limitMs: number;
  /** Aborted where the time was up. */
  signal: AbortSignal;
}

const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/;
const NO_TLS = /^(?:EPROTO|ERR_SSL_)/;

/** Why an address did not answer, with what to try. */
export function explainNoAnswer(error: unknown, { url, host, limitMs, signal }: Unanswered): UsageError {
  if (signal.aborted) return new UsageError(`${url} did not answer within ${limitMs / 1000} s`);
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (code === 'ECONNREFUSED')
    return new UsageError(`${url} refused the connection: does the head run, and is that its port?`);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new UsageError(`the name ${host} does not resolve: check the address`);
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'ETIMEDOUT')
    return new UsageError(`${url} cannot be reached (${code}): check the address and the network`);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return new UsageError(`the certificate of ${url} is for another name; use the name that it is for`);
  if (code === 'CERT_HAS_EXPIRED') return new UsageError(`the certificate of ${url} has expired`);
  if (UNTRUSTED.test(code))
    return new UsageError(
      `the certificate of ${url} is not trusted (${code}); name its authority: NODE_EXTRA_CA_CERTS=FILE`,
    );
  if (NO_TLS.test(code)) return new UsageError(`${url} does not speak TLS; try http:// instead of https://`);
  if (code === 'ECONNRESET' || code.startsWith('HPE_'))
    return new UsageError(`${url} broke off (${code}): it is not the page of a Rollcall, or the head ended`);
  return new UsageError(`${url} cannot be asked: ${message || code || 'for no reason that is told'}`);
}
