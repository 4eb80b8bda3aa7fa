// The measuring page: what is shown when, and when the queue is sent.
import { chromeLink, insideApp, newId } from "./browser.js";
import { agreed, outdated, plainCode } from "./consent.js";
import { refresh, showDay, showFate } from "./fates.js";
import * as ispeed from "./ispeed.js";
import { choose, mustChoose, network, place, press, showData, showNetwork, showSystem } from "./measuring.js";
import { listen as listenToName } from "./name.js";
import { showNext } from "./next.js";
import { sendWaiting } from "./sending.js";
import { dropSample, forgetAll, keep, samples, setting } from "./store.js";
import { answered, joinTeam, listen as listenToTeam, showTeams } from "./team.js";
import { element, language, say, words } from "./words.js";

// As docs/app.md asks of every app: a random wait, doubling to a quarter of an hour.
const WAIT_FIRST_MS = 1_000;
const WAIT_MOST_MS = 900_000;
// Old samples whose fate is known are a history; the server has them.
const KEPT_DAYS_MS = 30 * 86_400_000;

const code = plainCode(location.hash.slice(1));
let wait = WAIT_FIRST_MS;
let timer = null;
let installed = null;

// Say where this browser will not do; false where nothing can be measured at all.
function fit() {
  const app = insideApp();
  element("inside").hidden = app === null;
  const title = element("inside-title");
  title.textContent = title.dataset.words.replace("{app}", app || words("anotherApp"));
  element("chrome-link").href = chromeLink(code);
  element("insecure").hidden = isSecureContext;
  element("secure-link").href = `https://${location.host}/do/${location.hash}`;
  return isSecureContext;
}

async function send() {
  clearTimeout(timer);
  const { outcome, wait: asked } = await sendWaiting();
  if (outcome === "ended") await ended();
  if (outcome === "later") {
    timer = setTimeout(again, Math.random() * wait + asked * 1000);
    wait = Math.min(wait * 2, WAIT_MOST_MS);
    // Where there is background sync, the worker sends also when the page is closed.
    installed?.sync?.register("send").catch(() => {});
  } else {
    wait = WAIT_FIRST_MS;
  }
  await showDay();
  return outcome;
}

// There may be a line again: what was sent meanwhile moves the team's day, and where to go next.
async function again() {
  const outcome = await send();
  if (outcome === "sent" || outcome === "nothing") await around();
}

// The token is dead: the consent was withdrawn elsewhere, so nothing stays here either.
async function ended() {
  await forgetAll();
  location.reload();
}

async function taken(sample) {
  showFate(sample);
  await showDay();
  const outcome = await send();
  const now = (await samples()).find((one) => one.id === sample.id);
  if (now) showFate(now);
  element("ispeed").hidden = false;
  if (outcome === "sent") await around();
}

async function around() {
  const inTeam = await showTeams();
  await showNext(place.best(), (await network())?.kind, inTeam);
}

async function withdraw() {
  if ((await answered(element("sure"))) !== "yes") return;
  const { ask } = await import("./api.js");
  const answer = await ask("DELETE", "devices/me");
  if (!answer.ok && answer.status !== 401) return say(answer.title ?? words("unreachable"));
  await forgetAll();
  element("measuring").hidden = element("after").hidden = true;
  say(words("withdrawn"));
}

async function open() {
  element("measuring").hidden = element("after").hidden = false;
  element("do").classList.add("ready");
  element("withdrawal-code").textContent = (await setting("withdrawal")) ?? "";
  element("small").checked = Boolean(await setting("small"));
  await Promise.all([showNetwork(), showData(), showDay()]);
  const allowed = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (allowed?.state === "granted") place.start();
  const persisted = await navigator.storage?.persist?.().catch(() => false);
  element("kept-badly").hidden = Boolean(persisted);
  if ((await send()) === "ended") return;
  if (!(await refresh())) return ended();
  await showDay();
  await around();
}

function listen() {
  const measure = async (anyway) => {
    const sample = await press(anyway);
    if (sample) await taken(sample);
  };
  element("measure").addEventListener("click", () => measure(false));
  element("anyway").addEventListener("click", () => measure(true));
  element("change").addEventListener("click", choose);
  element("small").addEventListener("change", async () => {
    await keep("small", element("small").checked);
    await showData();
  });
  element("find").addEventListener("click", async () => {
    place.start();
    await place.until(150, 10_000);
    await around();
  });
  element("withdraw").addEventListener("click", withdraw);
  listenToTeam();
  listenToName();
  ispeed.listen(send);
  addEventListener("online", again);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") send();
    else place.stop();
  });
  navigator.serviceWorker?.addEventListener("message", again);
}

async function prepare() {
  if (!(await setting("phone"))) await keep("phone", newId());
  await keep("language", language);
  for (const one of await samples()) {
    const old = Date.now() - new Date(one.body.measured_at) > KEPT_DAYS_MS;
    if (one.state === "held" && old) await dropSample(one.id);
  }
  installed = await navigator.serviceWorker
    ?.register("/do/worker.js", { scope: "/do/", type: "module" })
    .catch(() => null);
}

async function start() {
  showSystem();
  element("copy-link").addEventListener("click", async (event) => {
    await navigator.clipboard?.writeText(location.href).catch(() => {});
    event.target.textContent = event.target.dataset.done;
  });
  // The other language's page gets the code too; no server sees it.
  document.querySelector("a[hreflang]").hash = location.hash;
  if (!fit()) return;
  try {
    await prepare();
  } catch {
    element("keeps-nothing").hidden = false;
    return;
  }
  listen();
  const known = Boolean(await setting("token"));
  if (!known || (await outdated())) {
    await agreed(code);
    if (!known) say(words("codeNote", { code: await setting("withdrawal") }));
  }
  if (await mustChoose()) await choose();
  await open();
  if (known && code) {
    const answer = await joinTeam(code);
    if (!answer.ok && answer.code !== "other_team") say(answer.title ?? words("unreachable"));
  }
  element("measure").focus();
}

start();
