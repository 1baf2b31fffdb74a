/** Checks of the JavaScript expressions in a design: syntax, and names that nobody defines. */

const words =
  'true false null undefined NaN Infinity typeof void in of instanceof new this Math Number String Boolean ' +
  'Array Object JSON parseInt parseFloat isNaN isFinite encodeURIComponent Date Intl';
const knownWords = new Set(words.split(' '));

function compiles(code: string): boolean {
  try {
    new Function(`"use strict"; ${code}`);
    return true;
  } catch {
    return false;
  }
}

/** The syntax error of an expression, or null. Both brackets must hold it: `a) + (b` and `a], [b` are none. */
export function syntaxFault(expression: string): string | null {
  if (expression.trim() === '') return 'is empty.';
  if (compiles(`return (${expression})`) && compiles(`return [${expression}]`)) return null;
  return `"${expression}" is not a JavaScript expression.`;
}

/** The end of the quoted text that begins at `start`. */
function endOfQuoted(text: string, start: number): number {
  const quote = text[start];
  let at = start + 1;
  while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Code without its strings; of a template literal the code in `${}` stays. */
function withoutStrings(code: string): string {
  let out = '';
  for (let at = 0; at < code.length; ) {
    const character = code[at] ?? '';
    if (!`'"\``.includes(character)) {
      out += character;
      at += 1;
      continue;
    }
    const end = endOfQuoted(code, at);
    const inside = character === '`' ? [...code.slice(at, end).matchAll(/\$\{([^{}]*)\}/g)] : [];
    out += ` 0 ${inside.map((match) => `,${withoutStrings(match[1] ?? '')}`).join('')} `;
    at = end;
  }
  return out;
}

function arrowParameters(code: string): string[] {
  const lists = [...code.matchAll(/\(([^()]*)\)\s*=>|([\w$]+)\s*=>/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  return lists.flatMap((list) => list.match(/[A-Za-z_$][\w$]*/g) ?? []);
}

/** Names used in an expression that are neither in `scope` nor JavaScript's own. */
export function unknownNames(expression: string, scope: ReadonlySet<string>): string[] {
  const code = withoutStrings(expression)
    .replaceAll('...', ' ')
    .replace(/(^|[(,=:[!&|?{};])\s*\/(?:\\.|[^/\\\n])+\/[a-z]*/g, '$1 0 ')
    .replace(/([{,]\s*)[A-Za-z_$][\w$]*\s*:/g, '$1');
  const own = new Set(arrowParameters(code));
  const names = code.match(/(?<![\w$.])[A-Za-z_$][\w$]*/g) ?? [];
  return [...new Set(names)].filter((name) => !scope.has(name) && !knownWords.has(name) && !own.has(name));
}

/** `gpu in node.gpus` taken apart, or null. */
export function parseEach(value: string): { variable: string; list: string } | null {
  const match = /^\s*([A-Za-z_$][\w$]*)\s+in\s+(\S[\s\S]*?)\s*$/.exec(value);
  return match?.[1] && match[2] ? { variable: match[1], list: match[2] } : null;
}

/** True where the name can be a loop variable. */
export function isUsableName(name: string): boolean {
  if (['it', 'page', 'nodes', 'gpus', 'jobs', 'users', '__eta'].includes(name) || knownWords.has(name))
    return false;
  return compiles(`const ${name} = 0`);
}
