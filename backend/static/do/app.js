// Entry point of the measuring page: shows its parts and sends the queue.
import { chromeLink, insideApp, newId } from "./browser.js";
import { normalizeCode, outdated, requestConsent } from "./consent.js";
import { refreshVerdicts, showDay, showVerdict } from "./verdicts.js";
import * as ispeed from "./ispeed.js";
import {
  chooseNetwork,
  needsNetworkChoice,
  network,
  position,
  showData,
  showNetwork,
  showSystem,
  toggleTest,
} from "./measurement.js";
import { listen as listenToName } from "./display-name.js";
import { showNext } from "./next-place.js";
import { sendWaiting } from "./upload-queue.js";
import { clearAll, deleteSample, ON_SERVER, samples, saveSetting, setting } from "./store.js";
import { dialogResult, joinTeam, listen as listenToTeam, showTeams } from "./team.js";
import { element, language, showMessage, translate } from "./texts.js";

// Retries as docs/app.md requires of apps: a random wait, doubling up to 15 minutes.
const WAIT_FIRST_MS = 1_000;
const WAIT_MOST_MS = 900_000;
// Samples that the server has are deleted from the phone after this time.
const KEPT_MS = 30 * 86_400_000;

const code = normalizeCode(location.hash.slice(1));
let wait = WAIT_FIRST_MS;
let timer = null;
let installed = null;

// Warn of unsuitable browsers; false if this one cannot measure at all.
function checkBrowser() {
  const app = insideApp();
  element("inside").hidden = app === null;
  const title = element("inside-title");
  title.textContent = title.dataset.text.replace("{app}", app || translate("anotherApp"));
  element("chrome-link").href = chromeLink(code);
  element("insecure").hidden = isSecureContext;
  element("secure-link").href = `https://${location.host}/do/${location.hash}`;
  return isSecureContext;
}

async function send() {
  clearTimeout(timer);
  const { outcome, wait: retryAfter } = await sendWaiting();
  if (outcome === "ended") await resetPhone();
  if (outcome === "later") {
    timer = setTimeout(sendAgain, Math.random() * wait + retryAfter * 1000);
    wait = Math.min(wait * 2, WAIT_MOST_MS);
    // With background sync the service worker also sends while the page is closed.
    installed?.sync?.register("send").catch(() => {});
  } else {
    wait = WAIT_FIRST_MS;
  }
  await showDay();
  return outcome;
}

// The connection may be back: send the queue, then update the team's day and the next places.
async function sendAgain() {
  const outcome = await send();
  if (outcome === "sent" || outcome === "nothing") await showSurroundings();
}

// The token is invalid because consent was withdrawn elsewhere: delete all data here too.
async function resetPhone() {
  await clearAll();
  location.reload();
}

async function handleSample(sample) {
  showVerdict(sample);
  await showDay();
  const outcome = await send();
  const stored = (await samples()).find((one) => one.id === sample.id);
  if (stored) showVerdict(stored);
  element("ispeed").hidden = false;
  if (outcome === "sent") await showSurroundings();
}

async function showSurroundings() {
  const inTeam = await showTeams();
  await showNext(position.best(), (await network())?.kind, inTeam);
}

async function withdraw() {
  if ((await dialogResult(element("sure"))) !== "yes") return;
  const { request } = await import("./api.js");
  const answer = await request("DELETE", "devices/me");
  if (!answer.ok && answer.status !== 401) return showMessage(answer.title ?? translate("unreachable"));
  await clearAll();
  element("measuring").hidden = element("after").hidden = true;
  showMessage(translate("withdrawn"));
}

async function open() {
  // Before the box is shown: setting it later would undo a tap.
  element("small").checked = Boolean(await setting("small"));
  element("measuring").hidden = element("after").hidden = false;
  element("do").classList.add("ready");
  element("withdrawal-code").textContent = (await setting("withdrawal")) ?? "";
  await Promise.all([showNetwork(), showData(), showDay()]);
  const allowed = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (allowed?.state === "granted") position.start();
  const persisted = await navigator.storage?.persist?.().catch(() => false);
  element("storage-hint").hidden = Boolean(persisted);
  if ((await send()) === "ended") return;
  if (!(await refreshVerdicts())) return resetPhone();
  await showDay();
  await showSurroundings();
}

function listen() {
  const measure = async (anyway) => {
    const sample = await toggleTest(anyway);
    if (sample) await handleSample(sample);
  };
  element("measure").addEventListener("click", () => measure(false));
  element("anyway").addEventListener("click", () => measure(true));
  element("change").addEventListener("click", chooseNetwork);
  element("small").addEventListener("change", async () => {
    await saveSetting("small", element("small").checked);
    await showData();
  });
  element("find").addEventListener("click", async () => {
    position.start();
    await position.until(150, 10_000);
    await showSurroundings();
  });
  element("withdraw").addEventListener("click", withdraw);
  listenToTeam();
  listenToName();
  ispeed.listen(send);
  addEventListener("online", sendAgain);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") send();
    else position.stop();
  });
  navigator.serviceWorker?.addEventListener("message", sendAgain);
}

async function prepare() {
  if (!(await setting("phone"))) await saveSetting("phone", newId());
  await saveSetting("language", language);
  for (const one of await samples()) {
    const old = Date.now() - new Date(one.body.measured_at) > KEPT_MS;
    if (one.state === ON_SERVER && old) await deleteSample(one.id);
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
  // Keep the code when the language is switched; it is not sent to the server.
  document.querySelector("a[hreflang]").hash = location.hash;
  if (!checkBrowser()) return;
  try {
    await prepare();
  } catch {
    element("no-storage").hidden = false;
    return;
  }
  listen();
  const known = Boolean(await setting("token"));
  if (!known || (await outdated())) {
    await requestConsent(code);
    if (!known) showMessage(translate("codeNote", { code: await setting("withdrawal") }));
  }
  if (await needsNetworkChoice()) await chooseNetwork();
  await open();
  if (known && code) {
    const answer = await joinTeam(code);
    if (!answer.ok && answer.code !== "other_team") showMessage(answer.title ?? translate("unreachable"));
  }
  element("measure").focus();
}

start();
