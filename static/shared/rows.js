// What head and page make alike of the rows of a page.

/**
 * Elements of a list or a table are light: all of them are on the page. Others wait until they are in sight.
 * @param {string} tag in either case
 */
export const isLight = (tag) => /^(?:li|tr|td|th|tbody|dt|dd|option|a|span|b|button)$/i.test(tag);

/**
 * A heading over the rows of a group, fit for where they stand.
 * @param {string} tag the element of a row, in lower case
 * @param {string} titleHtml escaped already
 */
export function headingHtml(tag, titleHtml) {
  if (tag === 'tr') return `<tr class="group"><th colspan="99" scope="colgroup">${titleHtml}</th></tr>`;
  if (tag === 'li') return `<li class="group">${titleHtml}</li>`;
  return `<h2 class="group">${titleHtml}</h2>`;
}
