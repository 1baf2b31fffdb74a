/** What a parser of lines finds in a text. */
export function linesOf<Row>(parse: (line: string) => Row | null, text: string): Row[] {
  return text.split('\n').flatMap((line) => parse(line) ?? []);
}
