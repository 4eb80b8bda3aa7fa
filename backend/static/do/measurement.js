// The measure button: position, speed test, sample, queue.
import { isIos, metered, networkKind, newId } from "./browser.js";
import { VERSION } from "./consent.js";
import { showGauge } from "./gauge.js";
import { advise, forget, mayBegin } from "./here.js";
import { FAIR_M, GOOD_M, PositionWatch, toLocation } from "./position.js";
import { hasRoom, saveSample, saveSetting, setting } from "./store.js";
import { element, number, showMessage, speed, translate } from "./texts.js";
import { hideNoConnection, offerNote } from "./no-connection.js";
import { addWitness, endTest, MAX_CAP, profileOf, startTest } from "./witness.js";

// The first test waits until the service worker has loaded its files, which share the connection.
const SETTLE_MS = 10_000;

async function workerInstalled() {
  const registration = await navigator.serviceWorker?.getRegistration("/do/");
  if (!registration || registration.active) return;
  await Promise.race([navigator.serviceWorker.ready, new Promise((done) => setTimeout(done, SETTLE_MS))]);
}

// Time for the permission dialog of the browser; a fix then takes a second or two.
const FIRST_FIX_MS = 12_000;
// Wait for a better fix after the test if the position is still poor.
const BETTER_MS = 12_000;

export const position = new PositionWatch(showPosition);
// With less, most 4G lines would be too fast to state a speed; a slow line uses a tenth of it.
const MOBILE_CAP = 30;
// For people who asked their browser to save data.
const SAVING_CAP = 10;
let test = null;
let withoutPosition = false; // the user chose to measure without a position

// The network as detected by the browser, else as chosen by the user.
export async function network() {
  const chosen = (await setting("network")) ?? null;
  const kind = networkKind() ?? chosen?.kind ?? null;
  return kind === "mobile" ? { kind, operator: chosen?.operator ?? null } : kind && { kind };
}

// The operator is chosen once, and so is the kind of network if the browser does not reveal it.
export async function needsNetworkChoice() {
  const kind = networkKind();
  return !(await setting("network")) && kind !== "wifi" && kind !== "ethernet";
}

export async function chooseNetwork() {
  const section = element("choosing");
  section.hidden = false;
  element("choosing-title").focus();
  const { kind, operator } = await new Promise((resolve) => {
    for (const button of section.querySelectorAll("button")) button.onclick = () => resolve(button.dataset);
  });
  await saveSetting("network", { kind, operator: operator || null });
  section.hidden = true;
  await showNetwork();
  await showAdvice();
}

export async function showNetwork() {
  const current = await network();
  hostsFor(current); // so that the first test need not wait for the choice
  const kind = current && translate(current.kind === "mobile" ? "mobile" : "wifi");
  element("network").textContent = current ? [current.operator, kind].filter(Boolean).join(", ") : translate("unknownNetwork");
}

// The choice among several measuring hosts is a module of its own; null where there is but one.
const choice = async () => element("host") && import("./hosts.js").catch(() => null);

// The measuring hosts for a test, best first.
async function hostsFor(current) {
  return (await choice())?.hostsFor(current) ?? [{ url: element("do").dataset.speed || location.origin }];
}

// The cap that was chosen for this kind of network, else little on mobile data.
export async function dataCap() {
  const kind = (await network())?.kind;
  const chosen = (await setting("caps")) ?? {};
  const fixed = kind === "wifi" || kind === "ethernet";
  const usual = fixed ? MAX_CAP : MOBILE_CAP;
  return chosen[fixed ? "fixed" : "mobile"] ?? (metered() ? SAVING_CAP : usual);
}

export async function chooseCap(cap) {
  const kind = (await network())?.kind;
  const fixed = kind === "wifi" || kind === "ethernet";
  await saveSetting("caps", { ...(await setting("caps")), [fixed ? "fixed" : "mobile"]: cap });
  await showData();
}

export async function showData() {
  const cap = await dataCap();
  element("caps").value = cap;
  const last = ((await setting("lastMb")) ?? {})[cap];
  element("data").textContent = last ? translate("lastUsed", { mb: number(last, 1) }) : "";
}

function showPosition() {
  const fix = position.best();
  const m = fix && number(Math.round(fix.accuracy));
  const accuracy = fix && translate(fix.accuracy <= FAIR_M ? "positionGood" : "positionPoor", { m });
  const missing = position.watching === null ? "positionNone" : "positionWaiting";
  element("place").textContent = accuracy || translate(position.refused ? "positionRefused" : missing);
  element("refused").hidden = !position.refused || withoutPosition;
  if (!test) showAdvice();
}

export const showAdvice = async () => advise(position.best(), await network());

// Without the last result the page leads to the next test.
export function hideResult() {
  for (const id of ["verdict", "ispeed-ask", "ispeed", "share-ways"]) element(id).hidden = true;
  element("measuring").classList.remove("done");
}

// Start a test, or stop the running one. Resolves to the stored sample, or null if there is none.
export async function toggleTest(anyway = false) {
  if (test) {
    test.stop?.();
    return null;
  }
  test = {};
  withoutPosition = anyway;
  showMessage("");
  hideNoConnection();
  const button = element("measure");
  hideResult();
  const awake = await stayAwake();
  try {
    return await measure(button);
  } finally {
    await awake?.release();
    test = null;
    button.classList.remove("running");
    element("gauge").classList.remove("running");
    phase("");
    showAdvice();
    if (document.visibilityState === "hidden") position.stop();
  }
}

async function measure(button) {
  position.start();
  showPosition();
  phase(translate("allowPosition"));
  if (!position.best() && !withoutPosition) await position.until(Infinity, FIRST_FIX_MS);
  if (position.refused && !withoutPosition) return null;
  phase(translate("preparing"));
  const current = await network();
  const counts = withoutPosition || mayBegin(position.best(), current);
  const [begins, hosts] = await Promise.all([counts, hostsFor(current), workerInstalled()]);
  if (!begins) return null;
  if (!(await hasRoom())) {
    showMessage(translate("storageFull"));
    return null;
  }
  forget();
  await showAdvice();
  button.textContent = button.dataset.stop;
  button.classList.add("running");
  element("gauge").classList.add("running");
  showGauge(0);
  element("gauge").scrollIntoView({ block: "nearest" });
  const cap = await dataCap();
  const { begun, measuredAt } = await startOrNote(hosts, cap, current);
  if (!begun) return null;
  const { run, result } = await runTest(cap, begun);
  if (run.host !== hosts[0].url || !["finished", "aborted"].includes(result.status)) (await choice())?.chooseAgain(current);
  showValues(result);
  if (result.status === "busy") {
    showMessage(translate("busy"));
    return null;
  }
  // At once: a phone may be without a network for longer than the host keeps the test.
  const witness = run.test && result.status === "finished" ? endTest(run) : null;
  if (result.status === "finished" && !withoutPosition && (position.best()?.accuracy ?? Infinity) > GOOD_M) {
    phase(translate("better"));
    await position.until(FAIR_M, BETTER_MS);
  }
  element("measuring").classList.add("done");
  return storeSample(result, measuredAt, current, { ...run, cap }, await witness);
}

// Whether silence is the network's: the phone says so, or a host on another machine did not answer either.
// One machine alone may be down.
const isOfflineFor = (hosts) =>
  !navigator.onLine || hosts.some(({ url }) => new URL(url).hostname !== location.hostname);

// Start a test. Without any answer there is nothing to measure: a mobile user may note the place, and goes
// on with the test if a later attempt reaches the network.
async function startOrNote(hosts, cap, current) {
  const attempt = () => startTest(hosts, profileOf(cap));
  const first = new Date();
  const before = await attempt();
  if (before.reached) return { begun: before, measuredAt: first };
  element("gauge").classList.remove("running");
  phase("");
  showValues({}); // those of an earlier test
  const isOffline = isOfflineFor(hosts);
  if (withoutPosition || ["wifi", "ethernet"].includes(current?.kind)) {
    showMessage(translate(isOffline ? "offlineFixed" : "serverAway"));
    return {};
  }
  const onStop = (stop) => (test.stop = stop);
  const { run } = await offerNote({ first, before, attempt, position, operator: current?.operator, onStop, isOffline });
  if (run) element("gauge").classList.add("running");
  return { begun: run, measuredAt: new Date() };
}

async function runTest(cap, begun) {
  // Loaded for the first test, not with the page, of which it would be a tenth; the service worker has it by then.
  const loaded = await import("./connection-test.js").catch(() => null);
  if (!loaded) return { run: begun, result: { status: "failed" } };
  const attempt = (run) => {
    test = new loaded.ConnectionTest(run, cap, (values) => showValues({ ...values, cap }));
    return test.run();
  };
  let run = begun;
  let result = await attempt(run);
  if (result.status === "refused" && run.test) {
    run = { ...run, test: null };
    result = await attempt(run); // without a witness
  }
  return { run, result };
}

// Store the sample on the phone before the first attempt to send it.
async function storeSample(result, measuredAt, current, run, witness) {
  const body = {
    id: newId(),
    measured_at: measuredAt.toISOString(),
    ...values(result),
    network: { kind: current?.kind ?? "unknown", ...(current?.operator && { operator: current.operator }) },
    ...(current?.operator && { operator_source: "user" }),
    location: toLocation(position.best()),
    server: { id: new URL(run.host).host },
    app_version: VERSION,
    source: "app",
    metered: metered(),
    data_used_mb: rounded(result.mb),
    data_cap_mb: run.cap,
    duration_s: rounded(result.seconds),
    ...(run.ticket && { test: { ticket: run.ticket } }),
  };
  let sample = { id: body.id, body, state: "waiting", answer: null };
  if (witness && body.status === "finished") {
    sample = addWitness({ ...sample, run: { host: run.host, test: run.test } }, witness);
    const { download_mbps: down, upload_mbps: up } = sample.body;
    showValues({ ...result, down, up });
  }
  await saveSample(sample);
  if (result.mb) await saveSetting("lastMb", { ...(await setting("lastMb")), [run.cap]: result.mb });
  await showData();
  return sample;
}

function values({ status, down, up, ping, jitter, pingDown, pingUp, stability }) {
  const complete = status === "finished" && down && up && ping !== null;
  const failed = status === "aborted" ? status : "failed";
  if (!complete) return { status: failed, download_mbps: null, upload_mbps: null };
  return {
    status,
    download_mbps: rounded(down),
    upload_mbps: rounded(up),
    ping_ms: rounded(ping),
    jitter_ms: rounded(jitter),
    ...measured({ ping_download_ms: pingDown, ping_upload_ms: pingUp, download_stability_percent: stability }),
  };
}

// Without what this test could not measure.
function measured(figures) {
  const known = Object.entries(figures).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(known.map(([name, value]) => [name, rounded(value)]));
}

const rounded = (value) => (value === null || value === undefined ? null : Math.round(value * 100) / 100);

function showUsed(mb, cap) {
  element("data").textContent = translate("used", { mb: number(mb, 1), most: number(cap) });
}

const PHASES = ["ping", "down", "up"];

function showValues({ phase: now, live, down, up, ping, mb, cap }) {
  if (now) phase(translate(now));
  if (now) showGauge(now === "ping" ? 0 : live);
  if (now && cap) showUsed(mb, cap);
  const shown = { down: speed(down), up: speed(up), ping: number(ping) };
  for (const [name, text] of Object.entries(shown)) {
    element(name).querySelector(".figure").textContent = text;
    element(name).classList.toggle("now", name === now);
    element(name).classList.toggle("past", Boolean(now) && PHASES.includes(name) && PHASES.indexOf(name) < PHASES.indexOf(now));
  }
}

function phase(text) {
  element("phase").textContent = text;
}

// Keep the screen on during a test, where the browser supports it.
async function stayAwake() {
  try {
    return await navigator.wakeLock.request("screen");
  } catch {
    return null;
  }
}

export function showSystem() {
  element("do").classList.add(isIos ? "ios" : "android");
}
