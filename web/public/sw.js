// The installed app's service worker. It keeps one page with its styles, which says that the server does not answer, and answers with nothing
// else from memory: what is shown is always what the server has now.

const CACHE = 'fanfare-offline-2';
const OFFLINE = '/offline.html';
const STYLES = '/offline.css';

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([OFFLINE, STYLES].map((file) => new Request(file, { cache: 'reload' })))).then(() => self.skipWaiting()));
});
self.addEventListener('activate', (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});
self.addEventListener('fetch', (event) => {
  if (new URL(event.request.url).pathname === STYLES) {
    event.respondWith(fetch(event.request).catch(async () => (await caches.match(STYLES)) ?? Response.error()));
    return;
  }
  if (event.request.mode !== 'navigate') return;
  event.respondWith(fetch(event.request).catch(async () => (await caches.match(OFFLINE)) ?? Response.error()));
});
