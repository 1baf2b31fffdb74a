// Lets the page be installed, and be there while the head is not. Browsers offer this on https and localhost only.
if ('serviceWorker' in navigator && /^https?:$/.test(location.protocol)) {
  // Without it the page lacks nothing but its offline words.
  const ignore = () => undefined;
  window.addEventListener('load', () => navigator.serviceWorker.register('/sw.js').catch(ignore));
}
