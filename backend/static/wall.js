// The wall display: brings itself up to date as long as it hangs there.

const EVERY_MS = 30_000;
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
    // The network is away: what is shown tells from when it is, and the next time is soon.
  }
}

setInterval(refresh, EVERY_MS);
