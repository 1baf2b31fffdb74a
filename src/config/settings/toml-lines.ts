import { parse } from 'smol-toml';

type Step = string | number;

/** Where each name of a TOML text stands. */
export interface TomlLines {
  /** The line, from 1, of a name or of the nearest one around it; null for what stands nowhere. */
  lineOf(path: readonly Step[]): number | null;
}

/** Other lines cannot end a value that has several, and need no try. */
const MAY_END = /[\]}]|"""|'''/;

const keyOf = (path: readonly Step[]) => JSON.stringify(path);
const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Date);

/** Parses what may be a whole statement; null where it goes on in the next line. */
function parseStatement(text: string): Record<string, unknown> | null {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

interface Statement {
  text: string;
  /** Its first line, from 1. */
  line: number;
  found: Record<string, unknown>;
}

function statementsOf(text: string): Statement[] {
  const statements: Statement[] = [];
  let begun: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    begun.push(line);
    if (begun.length > 1 && !MAY_END.test(line)) continue;
    const statement = `${begun.join('\n')}\n`;
    const found = parseStatement(statement);
    if (found === null) continue;
    statements.push({ text: statement, line: index + 2 - begun.length, found });
    begun = [];
  }
  return statements;
}

/**
 * Finds the lines of a text that is TOML. The parser does not tell them, so that each statement is given to it alone:
 * the first line with which it can be read is its last.
 */
export function findTomlLines(text: string): TomlLines {
  const lines = new Map<string, number>();
  const lengths = new Map<string, number>();
  let table: Step[] = [];

  /** Steps of a header, with the place of the last table in every list that it goes through. */
  function throughLists(names: readonly string[]): Step[] {
    const path: Step[] = [];
    for (const name of names) {
      path.push(name);
      const length = lengths.get(keyOf(path));
      if (length !== undefined) path.push(length - 1);
    }
    return path;
  }

  function enter(header: Record<string, unknown>, isList: boolean, line: number): void {
    const names: string[] = [];
    for (let value: unknown = header; isTable(value) && !Array.isArray(value); ) {
      const [entry] = Object.entries(value);
      if (entry === undefined) break;
      names.push(entry[0]);
      value = entry[1];
    }
    const last = names.pop() ?? '';
    const path = [...throughLists(names), last];
    if (isList) {
      const place = lengths.get(keyOf(path)) ?? 0;
      lengths.set(keyOf(path), place + 1);
      note(path, line);
      path.push(place);
      table = path;
    } else table = throughLists([...names, last]);
    note(table, line);
  }

  function note(path: readonly Step[], line: number): void {
    const key = keyOf(path);
    if (!lines.has(key)) lines.set(key, line);
  }

  function noteAll(value: unknown, path: readonly Step[], line: number): void {
    note(path, line);
    if (!isTable(value)) return;
    for (const [name, inner] of Object.entries(value))
      noteAll(inner, [...path, Array.isArray(value) ? Number(name) : name], line);
  }

  for (const { text: statement, line, found } of statementsOf(text)) {
    const [opening = ''] = /^\s*\[\[?/.exec(statement) ?? [];
    if (opening !== '') enter(found, opening.endsWith('[['), line);
    else for (const [name, value] of Object.entries(found)) noteAll(value, [...table, name], line);
  }
  return {
    lineOf(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const line = lines.get(keyOf(path.slice(0, length)));
        if (line !== undefined) return line;
      }
      return null;
    },
  };
}
