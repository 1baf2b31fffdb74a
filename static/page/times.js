// Moments as the reader's clock tells them, with the zone: the head writes `<time datetime>` in UTC, and says so.

const format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });
const zoneFormat = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' });

/**
 * `CET` or `GMT+1`, as it was or will be at that moment.
 * @param {Date} date
 */
export function zoneAt(date) {
  return zoneFormat.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** @param {Date} date */
const textOf = (date) => `${format.format(date)} ${zoneAt(date)}`;

/**
 * Within this piece of the page, whatever the head wrote there meanwhile.
 * @param {ParentNode} root
 */
export function showTimes(root) {
  for (const element of root.querySelectorAll('time')) {
    const date = new Date(element.dateTime);
    if (!element.dateTime || Number.isNaN(date.getTime())) continue;
    const text = textOf(date);
    if (element.textContent !== text) element.textContent = text;
  }
}
