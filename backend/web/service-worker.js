// The service worker. CLIENT, CACHE, FILES and OFFLINE stand above: backend/installed.py writes them.
// It keeps static files by the digest in their address and the offline page; never a page, never an API answer.

const LANGUAGE = "/offline-language";

self.addEventListener("install", (event) => {
  const pages = Object.values(OFFLINE).map((url) => new Request(url, { credentials: "omit", cache: "no-store" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([...FILES, ...pages])));
  // Pages come from the network and files by digest, so old and new may change places at once.
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/static/") && url.searchParams.has("v")) {
    event.respondWith(kept(request));
  } else if (request.mode === "navigate") {
    event.respondWith(opened(event));
  }
});

// What the pages ask of the API says which service worker stands between; nothing of it is kept.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin || !url.pathname.startsWith("/api/")) return;
  if (!request.headers.has("saegim-client")) event.respondWith(named(request));
});

// A page asks which one is in charge; installed.js compares with what the server still wants.
self.addEventListener("message", (event) => {
  if (event.data === "client" && event.ports[0]) event.ports[0].postMessage({ client: CLIENT, cache: CACHE });
});

async function kept(request) {
  const cache = await caches.open(CACHE);
  const known = await cache.match(request);
  if (known) return known;
  const answer = await fetch(request);
  // Only what the server calls unchangeable under this very address.
  if (answer.ok && (answer.headers.get("cache-control") ?? "").includes("immutable")) {
    await cache.put(request, answer.clone());
  }
  return answer;
}

async function named(request) {
  const headers = new Headers(request.headers);
  headers.set("saegim-client", CLIENT);
  const answer = await fetch(new Request(request, { headers }));
  if (answer.status === 426) self.registration.update();
  return answer;
}

async function opened(event) {
  try {
    const answer = await fetch(event.request);
    event.waitUntil(remember(answer.headers.get("content-language")));
    return answer;
  } catch {
    const cache = await caches.open(CACHE);
    const last = await cache.match(LANGUAGE);
    const language = last ? await last.text() : self.navigator.language.slice(0, 2);
    return (await cache.match(OFFLINE[language] ?? OFFLINE.ko)) ?? Response.error();
  }
}

// In which language the last page was, so that the offline page speaks it too.
async function remember(language) {
  if (!(language in OFFLINE)) return;
  const cache = await caches.open(CACHE);
  const last = await cache.match(LANGUAGE);
  if (!last || (await last.text()) !== language) await cache.put(LANGUAGE, new Response(language));
}
