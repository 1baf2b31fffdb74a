import { alignColumns, headings, type TextCell } from './align-columns.ts';
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

/**
 * A line for each setting; `others` are those of which the running head has another value. Places in the settings file
 * are told without its folder.
 */
export function renderSettings(
  settings: readonly ToldSetting[],
  others: readonly OtherSetting[],
  file: string,
  style: TextStyle,
): string {
  const differing = new Map(others.map((other) => [other.name, other]));
  const known = new Set(settings.map(({ name }) => name));
  const headCell = (other: OtherSetting): TextCell => ({ text: headWords(other, file), tone: 'warning' });
  const rows = settings.map(({ name, text, origin }): TextCell[] => {
    const other = differing.get(name);
    return [name, text, placeText(origin, file), ...(other === undefined ? [] : [headCell(other)])];
  });
  const onlyThere = others
    .filter(({ name }) => !known.has(name))
    .map((other): TextCell[] => [other.name, '', '', headCell(other)]);
  const lines = alignColumns([headings(['setting', 'value', 'from']), ...rows, ...onlyThere], '', style);
  return `${lines.join('\n')}\n`;
}

function placeText({ kind, place }: ToldSetting['origin'], file: string): string {
  if (kind === 'environment') return `$${place}`;
  return place.startsWith(`${file}:`) ? place.slice(file.lastIndexOf('/') + 1) : place;
}

function headWords({ head, waits }: OtherSetting, file: string): string {
  if (head === null) return `the head does not have it${waits ? ', until a restart' : ''}`;
  return `the head has ${head.text} (${placeText(head.origin, file)})${waits ? ' until a restart' : ''}`;
}
