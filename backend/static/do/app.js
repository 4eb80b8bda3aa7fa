// Entry point of the measuring page: shows its parts and sends the queue.
import { chromeLink, insideApp, isIos } from "./browser.js";
import { isTeamCode, normalizeCode } from "./codes.js";
import { agreedTo, requestConsent } from "./consent.js";
import { notesSentSince, showJourney } from "./journey.js";
import {
  chooseCap,
  chooseNetwork,
  hideResult,
  needsNetworkChoice,
  network,
  position,
  showAdvice,
  showData,
  showNetwork,
  showSystem,
  toggleTest,
} from "./measurement.js";
import { listen as listenToName } from "./display-name.js";
import { leadsOn, learn, showNextStep } from "./here.js";
import { redraw, showNext } from "./next-place.js";
import { listen as listenToNotices } from "./notices.js";
import { offerSharing, showComparison, showProgress } from "./result.js";
import { deleteOldNotes, waitingNotes } from "./notes.js";
import { tellSent } from "./no-connection.js";
import { sendWaiting } from "./upload-queue.js";
import { clearAll, deleteSample, hasRoom, ON_SERVER, samples, saveSetting, setting } from "./store.js";
import { showEnded } from "./ended.js";
import { listen as listenToPhones, showMoved } from "./phones.js";
import { hasTeam, joinByAddress, listen as listenToTeam, showTeams } from "./team.js";
import { copyText, element, language, showMessage, translate, whileBusy } from "./texts.js";
import { refreshShown, refreshVerdicts, showVerdict } from "./verdicts.js";
import { standalone, welcome } from "./welcome.js";
import { listen as listenToWithdrawal, showCode } from "./withdrawal.js";

// Samples that the server has are deleted from the phone after this time: the month's total is taken from them.
const KEPT_MS = 31 * 86_400_000;

const AFRESH = { afresh: true };
// Refusals about which the person was asked, and said no.
const ASKED = ["other_team", "moves_phone", "declined"];

const code = normalizeCode(location.hash.slice(1));
let timer = null;
let installed = null;

// Warn of unsuitable browsers; false if this one cannot measure at all.
function checkBrowser() {
  const app = insideApp();
  element("inside").hidden = app === null;
  const title = element("inside-title");
  title.textContent = title.dataset.text.replace("{app}", app || translate("anotherApp"));
  element("chrome-link").href = chromeLink(code ? `/j/${code}` : "/do/");
  element("insecure").hidden = isSecureContext;
  element("secure-link").href = `https://${location.host}/do/${location.hash}`;
  return isSecureContext;
}

async function send(how) {
  clearTimeout(timer);
  const { outcome, wait, paused } = await sendWaiting(how);
  if (outcome === "ended") await resetPhone();
  if (outcome === "later") {
    timer = setTimeout(() => sendAgain(), wait);
    // With background sync the service worker also sends while the page is closed.
    if (!paused) installed?.sync?.register("send").catch(() => {});
  }
  await refreshShown();
  await showJourney();
  await redraw();
  tellSent(await notesSentSince());
  return outcome;
}

// The connection may be back: send the queue, then update the team's day and the next places.
async function sendAgain(how) {
  const outcome = await send(how);
  if (outcome === "later") return;
  await useKeptCode();
  await showSurroundings();
}

// The token is invalid because consent was withdrawn elsewhere, or all was moved to another phone: delete
// all data here too. The code of a former phone still withdraws.
async function resetPhone() {
  const [at, withdrawal] = [await setting("movedAt"), await setting("withdrawal")];
  await clearAll();
  if (at) await saveSetting("moved", { at, withdrawal });
  location.reload();
}

// Loaded for the first result, not with the page.
const loadIspeed = () => import("./ispeed.js").catch(() => null);

async function handleSample(sample) {
  showVerdict(sample);
  await showJourney();
  const outcome = await send(AFRESH);
  if (outcome === "sent" && hasTeam()) {
    await refreshVerdicts(); // which teams got it
    await showJourney();
  }
  const stored = (await samples()).find((one) => one.id === sample.id) ?? sample;
  showVerdict(stored);
  showNextStep(stored);
  await showAdvice();
  const ispeed = await loadIspeed();
  ispeed?.show(stored, send);
  offerSharing(stored, null, null);
  element("verdict").scrollIntoView({ block: "nearest" });
  if (outcome !== "sent") return;
  const compared = await showComparison(stored);
  const { unit, progress } = await showSurroundings();
  await ispeed?.ask(stored, unit);
  offerSharing(stored, progress?.code === stored.answer?.unit?.code ? progress : null, compared);
}

// The teams' day, the next places and the progress of the commune: { unit, progress }.
async function showSurroundings() {
  const teams = await showTeams();
  const [fix, current] = [position.best(), await network()];
  const here = await showNext(fix, current, teams.length > 0);
  if (here?.here) learn(here.here, fix, current);
  await showAdvice();
  return { unit: here?.unit, progress: await showProgress(here, teams) };
}

async function open() {
  await showData(); // before the choices are shown: setting them later would undo a tap
  element("measuring").hidden = element("after").hidden = false;
  element("do").classList.add("ready");
  await Promise.all([showCode(), showNetwork(), showJourney()]);
  const allowed = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (allowed?.state === "granted") position.start();
  const persisted = await navigator.storage?.persist?.().catch(() => false);
  element("storage-hint").hidden = Boolean(persisted);
  if ((await send(AFRESH)) === "ended") return;
  if (!(await refreshVerdicts())) return resetPhone();
  await showJourney();
  await showSurroundings();
  await showEnded();
  if (await setting("ispeed")) (await loadIspeed())?.goOn(send);
}

function listen() {
  const measure = async (anyway) => {
    const sample = await toggleTest(anyway);
    if (sample) await handleSample(sample);
    else if (position.refused && !anyway) element("refused").scrollIntoView({ block: "center" });
    else if ((await waitingNotes()).length) await send();
  };
  element("measure").addEventListener("click", () => measure(false));
  element("again").addEventListener("click", () => {
    if (!leadsOn()) return measure(false);
    hideResult();
    element("gauge").scrollIntoView({ block: "nearest" });
    element("measure").focus({ preventScroll: true });
  });
  element("anyway").addEventListener("click", () => measure(true));
  element("change").addEventListener("click", chooseNetwork);
  element("caps").addEventListener("change", (event) => chooseCap(Number(event.target.value)));
  element("find").addEventListener("click", async ({ target: button }) => {
    position.start();
    await whileBusy(button, () => position.until(150, 10_000));
    if (position.refused) return element("refused").scrollIntoView({ block: "center" });
    await showSurroundings();
  });
  element("radius").addEventListener("change", async (event) => {
    await saveSetting("radius", Number(event.target.value));
    await showSurroundings();
  });
  listenToWithdrawal();
  listenToPhones(resetPhone);
  listenToTeam();
  listenToName();
  listenToNotices();
  addEventListener("online", () => sendAgain(AFRESH));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") send();
    else position.stop();
  });
  navigator.serviceWorker?.addEventListener("message", () => sendAgain());
}

async function prepare() {
  await saveSetting("language", language);
  for (const one of await samples()) {
    const old = Date.now() - new Date(one.body.measured_at) > KEPT_MS;
    if (one.state === ON_SERVER && old) await deleteSample(one.id);
  }
  await deleteOldNotes();
  await notesSentSince(); // those that wait now
  installed = await navigator.serviceWorker
    ?.register("/do/worker.js", { scope: "/do/", type: "module" })
    .catch(() => null);
}

async function start() {
  showSystem();
  element("copy-link").addEventListener("click", async (event) => {
    const button = event.target;
    button.textContent = (await copyText(element("own-address"), location.href)) ? button.dataset.done : button.dataset.failed;
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
  if (await setting("moved")) return showMoved();
  listen();
  const known = Boolean(await setting("token"));
  // A phone that cannot keep its registration takes part in nothing.
  if (!known && !(await hasRoom())) return showMessage(translate("storageFull"));
  // The copy on the home screen of an iPhone begins with the code each time; once is enough.
  const given = known && isIos && standalone() ? "" : code;
  const chosen = known ? given : await welcome(code);
  if (!known || !(await agreedTo("samples"))) await requestConsent(false, chosen);
  if (chosen) await saveSetting("code", chosen);
  await useKeptCode();
  if (await needsNetworkChoice()) await chooseNetwork();
  await open();
  // Not where the person has gone on meanwhile: on a slow network the answers take seconds.
  if (document.activeElement === document.body) element("measure").focus();
}

// Join with the code of the address or of the first screen; it is kept until the server has answered.
async function useKeptCode() {
  const kept = await setting("code");
  if (!kept) return;
  const answer = await joinByAddress(kept);
  if (answer.status === 0 || answer.status === 429 || answer.status >= 500) return;
  await saveSetting("code", null);
  // A pass serves once; a team's code stays in the address, to be shared.
  if (!isTeamCode(kept)) history.replaceState(null, "", location.pathname + location.search);
  if (!answer.ok && !ASKED.includes(answer.code)) showMessage(answer.title ?? translate("unreachable"));
}

start();
