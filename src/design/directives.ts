import { type ViewName, viewNames } from '../lib/compiled-templates.ts';
import { failAt } from './design-error.ts';
import { isUsableName, parseEach, syntaxFault, unknownNames } from './expression.ts';

/** What our attributes on one element say. */
export interface Directives {
  each: { variable: string; list: string } | null;
  if: string | null;
  text: string | null;
  /** The views that the element belongs to; null for all. */
  views: ViewName[] | null;
  /** In the order of the start tag. */
  attributes: { name: string; expression: string }[];
  age: boolean;
  sample: boolean;
}

export interface NamedValue {
  name: string;
  value: string;
}

/** Where an element stands, for error messages. */
export interface SourcePlace {
  source: string;
  offset: number;
  /** Its start tag. */
  tag: string;
}

const OURS = 'data-each, data-if, data-text, data-attr-NAME, data-view, data-age and data-sample';

/** Names that other template languages use, and what is meant here. */
const foreign: Record<string, string> = {
  'data-for': 'data-each',
  'data-foreach': 'data-each',
  'data-for-each': 'data-each',
  'data-repeat': 'data-each',
  'data-loop': 'data-each',
  'data-else': 'a second data-if with the opposite condition',
  'data-unless': 'data-if with the opposite condition',
  'data-html': 'data-text (markup from a node is never shown as markup)',
  'data-attr': 'data-attr-NAME, for instance data-attr-title',
};

const misspelled: [RegExp, string][] = [
  [/^data-(?:eahc|eac|eeach|each-.*|ech|aech|eachs)$/, 'data-each'],
  [/^data-(?:fi|iff|if-.*)$/, 'data-if'],
  [/^data-(?:txt|tetx|texts?|tex|etxt|text-.*)$/, 'data-text'],
  [/^data-(?:atr|attrs|att|attribute|atrr)(?:-.*)?$/, 'data-attr-NAME'],
  [/^data-(?:views|veiw|viwe|page|pages)$/, 'data-view'],
  [/^data-(?:ages|aeg|agee)$/, 'data-age'],
  [/^data-(?:samples|smaple|sampel|example)$/, 'data-sample'],
];

function likelyMeant(name: string): string | null {
  if (name in foreign) return foreign[name] ?? null;
  return misspelled.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** Whether the compiler gives the attribute a meaning; other `data-` attributes stay as they are. */
export function isDirective(name: string): boolean {
  if (name.startsWith('data-attr-')) return name.length > 'data-attr-'.length;
  return ['data-each', 'data-if', 'data-text', 'data-view', 'data-age', 'data-sample'].includes(name);
}

function checkName(name: string, place: SourcePlace): void {
  if (!name.startsWith('data-') || isDirective(name)) return;
  const meant = likelyMeant(name);
  if (meant) {
    failAt(place.source, place.offset, place.tag, `${name} is not known.`, `Use ${meant}; ours are ${OURS}.`);
  }
  if (name.startsWith('data-live')) {
    failAt(place.source, place.offset, place.tag, `${name} is made by Rollcall itself.`, 'Use another name.');
  }
}

function checkAttribute(name: string, place: SourcePlace): void {
  if (/^on|^srcdoc$/.test(name)) {
    const remedy = 'Put behaviour into a script in static/.';
    failAt(place.source, place.offset, place.tag, `data-attr-${name} would run text as a program.`, remedy);
  }
  if (name.startsWith('data-live')) {
    failAt(place.source, place.offset, place.tag, `${name} is made by Rollcall itself.`, 'Use another name.');
  }
}

function parseLoop(value: string, place: SourcePlace): { variable: string; list: string } {
  const loop = parseEach(value);
  if (!loop) {
    const problem = `data-each="${value}" does not say what to loop over.`;
    failAt(place.source, place.offset, place.tag, problem, 'Write it as data-each="gpu in node.gpus".');
  }
  if (!isUsableName(loop.variable)) {
    const problem = `"${loop.variable}" cannot name a row.`;
    failAt(place.source, place.offset, place.tag, problem, 'Use another name, such as row.');
  }
  return loop;
}

function parseViews(value: string, place: SourcePlace): ViewName[] {
  const words = value.split(/\s+/).filter((word) => word !== '');
  const unknown = words.find((word) => !viewNames.some((name) => name === word));
  if (words.length > 0 && unknown === undefined) return viewNames.filter((name) => words.includes(name));
  const problem = unknown === undefined ? 'data-view names no view.' : `data-view="${unknown}" is no view.`;
  failAt(place.source, place.offset, place.tag, problem, `The views are ${viewNames.join(', ')}.`);
}

/** Reads our attributes off one element; null where there are none. Throws a fault that names the element. */
export function readDirectives(attributes: readonly NamedValue[], place: SourcePlace): Directives | null {
  const found: Directives = {
    each: null,
    if: null,
    text: null,
    views: null,
    attributes: [],
    age: false,
    sample: false,
  };
  let any = false;
  for (const { name, value } of attributes) {
    checkName(name, place);
    if (!isDirective(name)) continue;
    any = true;
    if (name === 'data-each') found.each = parseLoop(value, place);
    else if (name === 'data-if') found.if = value;
    else if (name === 'data-text') found.text = value;
    else if (name === 'data-view') found.views = parseViews(value, place);
    else if (name === 'data-age') found.age = true;
    else if (name === 'data-sample') found.sample = true;
    else {
      const attribute = name.slice('data-attr-'.length);
      checkAttribute(attribute, place);
      found.attributes.push({ name: attribute, expression: value });
    }
  }
  return any ? found : null;
}

/** Checks one expression against the names known where it stands. */
export function checkExpression(
  what: string,
  expression: string,
  scope: ReadonlySet<string>,
  place: SourcePlace,
): void {
  const fault = syntaxFault(expression);
  if (fault) {
    const remedy = 'Write an expression over the loop variables, such as gpu.name.';
    failAt(place.source, place.offset, place.tag, `${what}: ${fault}`, remedy);
  }
  const [unknown] = unknownNames(expression, scope);
  if (unknown === undefined) return;
  const remedy = `Known here: ${[...scope].join(', ')}.`;
  failAt(place.source, place.offset, place.tag, `${what}: "${unknown}" is not known here.`, remedy);
}
