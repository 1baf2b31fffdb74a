// Figures as people read them, for charts: as lib/format.ts writes them on the page. Absent is a dash, never zero.
(() => {
  function formatBytes(value) {
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
    let shown = value;
    let unit = 0;
    while (shown >= (unit < 3 ? 1023.5 : 1023.95) && unit < units.length - 1) {
      shown /= 1024;
      unit++;
    }
    return `${shown.toFixed(unit < 3 ? 0 : 1)} ${units[unit]}`;
  }

  const tidy = (value) => String(Math.round(value * 10) / 10);
  const formats = {
    percent: (value) => `${tidy(value)}%`,
    // Given in percent of one core, as everywhere.
    cores: (value) => `${(value / 100).toFixed(value < 995 ? 1 : 0)} cores`,
    bytes: formatBytes,
    bytesPerSecond: (value) => `${formatBytes(value)}/s`,
    celsius: (value) => `${tidy(value)} °C`,
    watts: (value) => `${tidy(value)} W`,
  };
  const formatValue = (unit, value) => (value === null ? '–' : (formats[unit] ?? tidy)(value));

  function formatAge(ms) {
    const seconds = Math.max(1, Math.floor(ms / 1000));
    return seconds < 120 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`;
  }

  /** The zone of all times here, which are those of the reader's clock. */
  const zone =
    new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' })
      .formatToParts(new Date())
      .find(({ type }) => type === 'timeZoneName')?.value ?? '';

  const formatClock = (ms) =>
    new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });

  globalThis.rollcallFormat = { formatValue, formatAge, formatClock, zone };
})();
