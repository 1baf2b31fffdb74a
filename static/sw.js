// While the head cannot be reached, a page that says so. Whatever the head answers goes straight to the page; figures,
// the API and event streams are neither kept nor looked at. It imports nothing, and so is a classic script: not every
// browser takes a module as a service worker.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const CACHE = 'rollcall-offline-2';
const OFFLINE = '/static/offline.html';
const STYLES = [
  'style',
  'mtcmon',
  'styles/base',
  'styles/compact',
  'styles/glance',
  'styles/job',
  'styles/listing',
  'styles/lost',
  'styles/machine',
  'styles/node',
  'styles/phones',
  'styles/print',
  'styles/themes',
  'styles/then',
  'styles/title-bar',
  'styles/wide',
];
const SHELL = [
  OFFLINE,
  '/static/page/offline.js',
  '/static/theme.js',
  '/static/favicon.svg',
  '/static/manifest.json',
  '/static/icons/icon-192.png',
  '/static/icons/icon-512.png',
  ...STYLES.map((name) => `/static/${name}.css`),
];

/** What is missing (a folder with other styles) is left out: the sentence is what counts. */
async function fill() {
  const cache = await caches.open(CACHE);
  /** @param {string} path */
  const fresh = (path) => cache.add(new Request(path, { cache: 'reload' }));
  await fresh(OFFLINE);
  await Promise.allSettled(SHELL.filter((path) => path !== OFFLINE).map(fresh));
  await worker.skipWaiting();
}

async function clean() {
  const names = (await caches.keys()).filter((name) => name.startsWith('rollcall-') && name !== CACHE);
  await Promise.all(names.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** @param {string} path */
const kept = async (path) => (await caches.open(CACHE)).match(path);

/**
 * The head first, always; what it sends of the shell is the newest.
 * @param {Request} request
 * @param {string} path
 * @param {FetchEvent} event
 */
async function headFirst(request, path, event) {
  try {
    const response = await fetch(request);
    if (response.ok && SHELL.includes(path)) {
      const copy = response.clone();
      event.waitUntil(caches.open(CACHE).then((cache) => cache.put(path, copy)));
    }
    return response;
  } catch {
    return (await kept(request.mode === 'navigate' ? OFFLINE : path)) ?? Response.error();
  }
}

worker.addEventListener('install', (event) => event.waitUntil(fill()));
worker.addEventListener('activate', (event) => event.waitUntil(clean()));
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== worker.location.origin) return;
  if (request.mode === 'navigate' || SHELL.includes(pathname))
    event.respondWith(headFirst(request, pathname, event));
});
