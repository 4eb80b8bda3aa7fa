// Refresh the parts of a page marked with data-live while the page is visible; 304 changes nothing.

const INTERVAL_S = 30;
const MAX_INTERVAL_MS = 300_000;

for (const part of document.querySelectorAll("[data-live]")) {
  const interval = 1000 * (part.dataset.every ?? INTERVAL_S);
  let tag = part.dataset.tag;
  let wait = interval;

  async function refresh() {
    if (document.visibilityState === "visible" && !part.contains(document.activeElement)) {
      try {
        const headers = { "Accept-Language": document.documentElement.lang, "If-None-Match": tag };
        const answer = await fetch(part.dataset.live, { headers, cache: "no-store", redirect: "error" });
        if (answer.status === 200) {
          const open = [...part.querySelectorAll("details[id][open]")].map((one) => one.id);
          part.innerHTML = await answer.text();
          for (const id of open) document.getElementById(id)?.setAttribute("open", "");
          dispatchEvent(new Event("refreshed"));
          tag = answer.headers.get("ETag");
        }
        wait = interval;
      } catch {
        wait = Math.min(wait * 2, MAX_INTERVAL_MS); // retry later
      }
    }
    setTimeout(refresh, wait);
  }
  setTimeout(refresh, wait);
}
