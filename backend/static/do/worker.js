// The service worker. The server prepends VERSION, SHELL (the files to cache) and the import of sendWaiting.

self.addEventListener("install", (event) => {
  // Where supported, requests of the speed test bypass the worker.
  event.addRoutes?.({ condition: { urlPattern: "/do/(down|up|tests){/end}?" }, source: "network" });
  event.waitUntil(
    (async () => {
      const cache = await caches.open(VERSION);
      // File names contain a version, so files that the page has just loaded come from the browser's
      // cache; pages are requested again.
      const request = (path) => new Request(path, { cache: path.startsWith("/do/") ? "no-cache" : "default" });
      await cache.addAll(SHELL.map(request));
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== VERSION) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

// Only the files of the page are served from the cache, never a transfer of the speed test.
self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  const cached = pathname === "/do/" || SHELL.includes(pathname);
  if (event.request.method === "GET" && origin === location.origin && cached) {
    event.respondWith(fromCache(event.request));
  }
});

async function fromCache(request) {
  const cache = await caches.open(VERSION);
  const exact = await cache.match(request, { ignoreVary: true });
  return exact ?? (await cache.match(request, { ignoreVary: true, ignoreSearch: true })) ?? fetch(request);
}

// The connection is back; the page may be closed.
self.addEventListener("sync", (event) => {
  if (event.tag === "send") event.waitUntil(send());
});

async function send() {
  const { outcome } = await sendWaiting();
  if (outcome === "later") throw new Error("samples are still waiting"); // the browser tries again
  for (const client of await self.clients.matchAll()) client.postMessage("sent");
}
