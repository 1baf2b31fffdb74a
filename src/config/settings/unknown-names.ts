import { closestWords } from '../../lib/closest-word.ts';
import { visibleText } from '../../lib/visible-text.ts';
import { namesOf, type Section, titleOf } from './section.ts';

/** What is said of names that are no settings. */

const either = (words: readonly string[]) => words.join(' or ');

/** As people look for them: those above all sections have no brackets. */
const placeOf = (section: Section) => (section.name === '' ? titleOf(section) : `into ${titleOf(section)}`);

/** What could have been meant, and where it stands. `at` is null above all sections. */
export function unknownName(
  name: string,
  at: { section: Section; title: string } | null,
  sections: readonly Section[],
): string {
  const here = sections.filter((section) => (at === null ? section.isFlat : section === at.section));
  const own = here.flatMap(namesOf);
  const said = `there is no setting "${visibleText(name)}"${at === null ? '' : ` in ${visibleText(at.title)}`}`;
  const others = sections.filter((section) => !here.includes(section));
  const homes = others.filter((section) => namesOf(section).includes(name));
  if (homes.length > 0) return `${said}; it belongs ${either(homes.map(placeOf))}`;
  const near = closestWords(name, own);
  if (near.length > 0) return `${said}; did you mean ${either(near)}?`;
  const elsewhere = others.flatMap((section) =>
    closestWords(name, namesOf(section)).map((word) => `${word}, which belongs ${placeOf(section)}`),
  );
  if (elsewhere.length > 0) return `${said}; did you mean ${either(elsewhere)}?`;
  if (at === null) return `${said}. The settings are: ${own.join(', ')}. ${listSections(sections)}`;
  return `${said}. The settings there are: ${own.join(', ')}`;
}

/** A sentence about a section that nobody has, with the nearest ones. */
export function unknownSection(name: string, sections: readonly Section[]): string {
  const known = sections.filter((section) => section.name !== '');
  const near = closestWords(
    name,
    known.map((section) => section.name),
  );
  const titles = near
    .flatMap((word) => known.filter((section) => section.name === word))
    .map((found) => titleOf(found));
  const said = `there is no section [${visibleText(name)}]`;
  return titles.length > 0
    ? `${said}; did you mean ${either(titles)}?`
    : `${said}. ${listSections(sections)}`;
}

function listSections(sections: readonly Section[]): string {
  const titles = sections.filter(({ name }) => name !== '').map((section) => titleOf(section));
  return `The sections are: ${titles.join(', ')}`;
}
