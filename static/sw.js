// While the head cannot be reached, a page that says so. Whatever the head answers goes straight to the page; figures,
// the API and event streams are neither kept nor looked at.
const CACHE = 'rollcall-offline';
const OFFLINE = '/static/offline.html';
const STYLES = [
  'style',
  'base',
  'themes',
  'title-bar',
  'glance',
  'node',
  'machine',
  'listing',
  'compact',
  'job',
  'phones',
  'mtcmon',
  'wide',
  'lost',
  'print',
];
const SHELL = [
  OFFLINE,
  '/static/offline.js',
  '/static/theme.js',
  '/static/favicon.svg',
  '/static/manifest.json',
  '/static/icon-192.png',
  '/static/icon-512.png',
  ...STYLES.map((name) => `/static/${name}.css`),
];

/** What is missing (a folder with other styles) is left out: the sentence is what counts. */
async function fill() {
  const cache = await caches.open(CACHE);
  const fresh = (path) => cache.add(new Request(path, { cache: 'reload' }));
  await cache.add(new Request(OFFLINE, { cache: 'reload' }));
  await Promise.allSettled(SHELL.filter((path) => path !== OFFLINE).map(fresh));
  await self.skipWaiting();
}

async function clean() {
  const names = (await caches.keys()).filter((name) => name.startsWith('rollcall-') && name !== CACHE);
  await Promise.all(names.map((name) => caches.delete(name)));
  await self.clients.claim();
}

const kept = async (path) => (await caches.open(CACHE)).match(path);

/** The head first, always; what it sends of the shell is the newest. */
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

self.addEventListener('install', (event) => event.waitUntil(fill()));
self.addEventListener('activate', (event) => event.waitUntil(clean()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (request.mode === 'navigate' || SHELL.includes(pathname))
    event.respondWith(headFirst(request, pathname, event));
});
