import { visibleText } from '../lib/visible-text.ts';
import { defaultNodeSettings } from './node-settings.ts';
import { expandRanges, NameRangeError } from './ranges.ts';
import type { Target } from './target.ts';

export interface NodeList {
  targets: Target[];
  /** One sentence for each line that was refused, with file and line. */
  problems: string[];
}

class LineError extends Error {}

/** Characters that no host name or alias needs and that a shell, a URL or a file name would trip over. */
const FORBIDDEN = /[\s\u0000-\u001f\u007f"'`$;&|<>(){}*?!#,/\\%^]/;
/** The interface behind a link-local address: `[fe80::1%eth0]`. */
const SCOPE = /%[\w.-]+(?=\])/;

function splitUser(text: string): { user: string | null; rest: string } {
  const at = text.lastIndexOf('@');
  if (at < 0) return { user: null, rest: text };
  if (at === 0) throw new LineError('the user name before @ is missing');
  return { user: text.slice(0, at), rest: text.slice(at + 1) };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw new LineError(`"${text}" is not a port (1 to 65535)`);
  return port;
}

function splitPort(rest: string): { host: string; port: number | null } {
  const bracketed = /^\[([^\]]+)\](?::(.*))?$/.exec(rest);
  if (bracketed?.[1])
    return { host: bracketed[1], port: bracketed[2] === undefined ? null : parsePort(bracketed[2]) };
  const [host = '', port, ...more] = rest.split(':');
  if (more.length > 0) throw new LineError(`an IPv6 address stands in brackets: [${rest}]`);
  return { host, port: port === undefined ? null : parsePort(port) };
}

/** Parses `[user@]host[:port]`; throws `LineError`. */
function parseTarget(name: string): Target {
  if (name.startsWith('-'))
    throw new LineError('a name may not begin with "-", ssh would take it for an option');
  const bad = FORBIDDEN.exec(name.replace(SCOPE, ''));
  if (bad) throw new LineError(`"${visibleText(bad[0])}" may not stand in a name`);
  const { user, rest } = splitUser(name);
  const { host, port } = splitPort(rest);
  if (host === '') throw new LineError('the host name is missing');
  if (host.startsWith('-')) throw new LineError('a host name may not begin with "-"');
  if (host.length > 253) throw new LineError('the host name is longer than 253 characters');
  return { name, host, user, port, local: name === 'localhost', settings: defaultNodeSettings };
}

/** IPv6 addresses and ranges both use brackets: an address has colons inside. */
const IPV6_IN_BRACKETS = /^(?:[^@]*@)?\[[0-9a-f]*:[0-9a-f:.]*(?:%[\w.-]+)?\]/i;

function expandLine(line: string): Target[] {
  const names = IPV6_IN_BRACKETS.test(line) ? [line] : expandRanges(line);
  return names.map(parseTarget);
}

const withoutComment = (line: string) => line.replace(/(?:^|\s)#.*$/, '').trim();

/** Parses a node list. A bad line is refused alone; a name that came before is named and left out. */
export function parseNodeList(text: string, file: string): NodeList {
  const list: NodeList = { targets: [], problems: [] };
  const firstLines = new Map<string, number>();
  text.split(/\r?\n/).forEach((raw, position) => {
    const line = withoutComment(raw.replace(/^\uFEFF/, ''));
    if (line === '') return;
    const number = position + 1;
    const place = `${file}:${number}`;
    try {
      for (const target of expandLine(line)) {
        const before = firstLines.get(target.name);
        if (before !== undefined) {
          list.problems.push(`${place}: ${target.name} stands already in line ${before}; left out here`);
          continue;
        }
        firstLines.set(target.name, number);
        list.targets.push(target);
      }
    } catch (error) {
      if (!(error instanceof LineError || error instanceof NameRangeError)) throw error;
      list.problems.push(`${place}: "${visibleText(line.slice(0, 80))}" is left out: ${error.message}`);
    }
  });
  return list;
}
