// Moments as the reader's clock tells them, with the zone: the head writes `<time datetime>` in UTC, and says so.
globalThis.rollcallTimes = (() => {
  const format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });

  /** `CET` or `GMT+1`, as it was or will be at that moment. */
  function zoneAt(date) {
    const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(date);
    return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  }

  const textOf = (date) => `${format.format(date)} ${zoneAt(date)}`;

  /** Within this piece of the page, whatever the head wrote there meanwhile. */
  function show(root) {
    for (const element of root.querySelectorAll('time[datetime]')) {
      const date = new Date(element.dateTime);
      if (Number.isNaN(date.getTime())) continue;
      const text = textOf(date);
      if (element.textContent !== text) element.textContent = text;
    }
  }

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => show(document));
  else show(document);
  return { show, zoneAt };
})();
