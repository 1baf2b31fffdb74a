import { alignColumns, type Cell, headings } from './align-columns.ts';
import type { TextStyle } from './text-style.ts';

/** A setting, as a file would have it, and where that comes from. */
export interface ToldSetting {
  name: string;
  text: string;
  origin: { kind: string; place: string };
  afterRestart: boolean;
}

/** What a running head has instead; null where it has no such setting. */
export interface OtherSetting extends Pick<ToldSetting, 'name'> {
  head: ToldSetting | null;
  /** A start anew would take over what the command says. */
  waits: boolean;
}

/** A line for each setting; `others` are those of which the running head has another value. */
export function renderSettings(
  settings: readonly ToldSetting[],
  others: readonly OtherSetting[],
  style: TextStyle,
): string {
  const differing = new Map(others.map((other) => [other.name, other]));
  const rows = settings.map(({ name, text, origin }): Cell[] => {
    const other = differing.get(name);
    return [
      name,
      text,
      place(origin),
      ...(other ? [{ text: headWords(other), tone: 'warning' as const }] : []),
    ];
  });
  const known = new Set(settings.map(({ name }) => name));
  const onlyThere = others
    .filter(({ name }) => !known.has(name))
    .map((other): Cell[] => [other.name, '', '', { text: headWords(other), tone: 'warning' }]);
  const lines = alignColumns([headings(['setting', 'value', 'from']), ...rows, ...onlyThere], '', style);
  return `${lines.join('\n')}\n`;
}

const place = ({ kind, place: where }: ToldSetting['origin']) =>
  kind === 'environment' ? `$${where}` : where;

function headWords({ head, waits }: OtherSetting): string {
  if (head === null) return `the head does not have it${waits ? ', until a restart' : ''}`;
  return `the head has ${head.text} (${place(head.origin)})${waits ? ' until a restart' : ''}`;
}
