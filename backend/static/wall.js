// The wall display: refreshes itself.

const INTERVAL_MS = 300_000; // counts of communes change once an hour
let tag = null;

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: tag ? { "If-None-Match": tag } : {} });
    if (!answer.ok) return;
    tag = answer.headers.get("ETag");
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#wall");
    const shown = document.querySelector("#wall");
    if (fresh && fresh.innerHTML !== shown.innerHTML) shown.replaceWith(fresh);
  } catch {
    // No network: the page shows the time of its figures; the next attempt follows soon.
  }
}

setInterval(refresh, INTERVAL_MS);
