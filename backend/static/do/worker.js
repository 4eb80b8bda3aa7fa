// Served behind lines that name VERSION and SHELL, the files to keep, and import sendWaiting.

self.addEventListener("install", (event) => {
  // Where the browser can be told so, a transfer does not even wake the worker.
  event.addRoutes?.({ condition: { urlPattern: "/do/(down|up)" }, source: "network" });
  event.waitUntil(
    (async () => {
      const cache = await caches.open(VERSION);
      // Files are named by their edition: what the page has just loaded, over a poor line, is taken
      // from the browser. Pages are asked for again.
      const asked = (path) => new Request(path, { cache: path.startsWith("/do/") ? "no-cache" : "default" });
      await cache.addAll(SHELL.map(asked));
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

// Only what the page is made of is answered from here; a transfer of the speed test never is.
self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  const kept = pathname === "/do/" || SHELL.includes(pathname);
  if (event.request.method === "GET" && origin === location.origin && kept) {
    event.respondWith(fromCache(event.request));
  }
});

async function fromCache(request) {
  const cache = await caches.open(VERSION);
  const exact = await cache.match(request, { ignoreVary: true });
  return exact ?? (await cache.match(request, { ignoreVary: true, ignoreSearch: true })) ?? fetch(request);
}

// The phone has a line again, and the page may be closed.
self.addEventListener("sync", (event) => {
  if (event.tag === "send") event.waitUntil(send());
});

async function send() {
  const { outcome } = await sendWaiting();
  for (const client of await self.clients.matchAll()) client.postMessage("sent");
  if (outcome === "later") throw new Error("the browser is to try again");
}
