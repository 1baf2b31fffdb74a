// Lets the page be installed, and be there while the head is not. Browsers offer this on https and localhost only.

export function startInstalling() {
  if (!('serviceWorker' in navigator)) return;
  // Without it the page lacks nothing but its offline words.
  const ignore = () => undefined;
  const register = () => navigator.serviceWorker.register('/sw.js').catch(ignore);
  // The page comes first.
  if (document.readyState === 'complete') register();
  else window.addEventListener('load', register);
}
