/** One line of what `ssh -o LogLevel=DEBUG1 -E` writes (OpenSSH 7.6 to 10), as far as it tells how a login goes. */
export type OpensshEvent =
  | { kind: 'connecting'; address: string }
  | { kind: 'connected' }
  | { kind: 'proxied' }
  | { kind: 'banner'; software: string }
  | { kind: 'algorithm'; name: string }
  | { kind: 'host-key'; keyType: string; fingerprint: string }
  /** Where the known hosts file names another key. */
  | { kind: 'offending'; file: string }
  | { kind: 'keys' }
  | { kind: 'offered'; label: string }
  /** The ways that the server goes on taking. */
  | { kind: 'methods'; names: string[] }
  | { kind: 'logged-in'; method: string }
  /** The server took one thing and wants another one too. */
  | { kind: 'partly' }
  /** A master connection of the user's carries the session. */
  | { kind: 'shared' }
  /** The session is open and the command sent. */
  | { kind: 'opened' }
  | { kind: 'exit-status'; code: number }
  | { kind: 'exit-signal' }
  /** A line for people. */
  | { kind: 'said'; line: string };

type Reader = (found: RegExpExecArray) => OpensshEvent;

const text = (found: RegExpExecArray, group = 1) => found[group] ?? '';

const debugLines: readonly [RegExp, Reader][] = [
  [
    /^Connecting to \S+ \[(\S+)\] port (\d+)\.$/,
    (found) => ({ kind: 'connecting', address: `${text(found)} port ${text(found, 2)}` }),
  ],
  [/^Connection established\.$/, () => ({ kind: 'connected' })],
  [/^Executing proxy (?:command|dialer command): /, () => ({ kind: 'proxied' })],
  [
    /^Remote protocol version (\S+), remote software version (.*)$/,
    (found) => ({ kind: 'banner', software: `SSH-${text(found)}-${text(found, 2)}` }),
  ],
  [/^kex: algorithm: (\S+)$/, (found) => ({ kind: 'algorithm', name: text(found) })],
  [/^kex: client->server cipher: (\S+) /, (found) => ({ kind: 'algorithm', name: text(found) })],
  [
    /^Server host (?:key|certificate): (\S+) (SHA256:[A-Za-z0-9+/]+)/,
    (found) => ({ kind: 'host-key', keyType: text(found), fingerprint: text(found, 2) }),
  ],
  [/^SSH2_MSG_NEWKEYS received$/, () => ({ kind: 'keys' })],
  [
    /^Offering public key: (.+?) (?:[A-Z0-9-]+) SHA256:\S+( explicit)?( agent| token)?/,
    (found) => ({ kind: 'offered', label: `${text(found)}${text(found, 3) ? ' from the agent' : ''}` }),
  ],
  [
    /^Next authentication method: (gssapi-with-mic|gssapi-keyex|hostbased)$/,
    (found) => ({ kind: 'offered', label: text(found) }),
  ],
  [
    /^Authentications that can continue: (.*)$/,
    (found) => ({
      kind: 'methods',
      names: text(found)
        .split(',')
        .filter((name) => /^[a-z0-9@.-]{1,40}$/.test(name)),
    }),
  ],
  [/^mux_client_request_session: master session id: \d+$/, () => ({ kind: 'shared' })],
  [/^Sending (?:command|subsystem): /, () => ({ kind: 'opened' })],
  [/^client_input_channel_req: channel \d+ rtype exit-signal /, () => ({ kind: 'exit-signal' })],
  [/^Authenticated (?:using "\S+" )?with partial success\.$/, () => ({ kind: 'partly' })],
  [/^Exit status (\d+)$/, (found) => ({ kind: 'exit-status', code: Number(text(found)) })],
  [
    /^Received exit status from master (\d+)$/,
    (found) => ({ kind: 'exit-status', code: Number(text(found)) }),
  ],
];

const plainLines: readonly [RegExp, Reader][] = [
  [/^Authenticated to .* using "(\S+)"\.$/, (found) => ({ kind: 'logged-in', method: text(found) })],
  [/^Authenticated (?:using "\S+" )?with partial success\.$/, () => ({ kind: 'partly' })],
  [/^Offending \S+ key in (.+):\d+$/, (found) => ({ kind: 'offending', file: text(found) })],
];

/** Statistics that ssh prints at the end. */
const IDLE_TALK = /^(?:Transferred: sent |Bytes per second: |no such identity: )/;

function readWith(readers: readonly [RegExp, Reader][], line: string): OpensshEvent | null {
  for (const [pattern, read] of readers) {
    const found = pattern.exec(line);
    if (found) return read(found);
  }
  return null;
}

/** Reads one line; null where it tells nothing. */
export function readOpensshLine(raw: string): OpensshEvent | null {
  const line = raw.replace(/\r$/, '');
  const debug = /^debug[1-3]: (.*)$/.exec(line);
  if (debug) return readWith(debugLines, debug[1] ?? '');
  if (line.trim() === '' || IDLE_TALK.test(line)) return null;
  return readWith(plainLines, line) ?? { kind: 'said', line };
}
