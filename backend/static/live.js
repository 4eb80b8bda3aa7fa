// Parts of a page that are fetched again while it is open and seen; 304 changes nothing.

const EVERY_S = 30;
const LONGEST_MS = 300_000;

for (const part of document.querySelectorAll("[data-live]")) {
  const every = 1000 * (part.dataset.every ?? EVERY_S);
  let tag = part.dataset.tag;
  let wait = every;

  async function look() {
    if (document.visibilityState === "visible" && !part.contains(document.activeElement)) {
      try {
        const headers = { "Accept-Language": document.documentElement.lang, "If-None-Match": tag };
        const answer = await fetch(part.dataset.live, { headers, cache: "no-store", redirect: "error" });
        if (answer.status === 200) {
          part.innerHTML = await answer.text();
          tag = answer.headers.get("ETag");
        }
        wait = every;
      } catch {
        wait = Math.min(wait * 2, LONGEST_MS); // the network will come back
      }
    }
    setTimeout(look, wait);
  }
  setTimeout(look, wait);
}
