// The one large button: position, line, sample, queue.
import { isIos, metered, networkKind, newId } from "./browser.js";
import { VERSION } from "./consent.js";
import { Line } from "./line.js";
import { asSent, FAIR_M, GOOD_M, Place } from "./place.js";
import { keep, keepSample, setting } from "./store.js";
import { element, number, say, speed, words } from "./words.js";

// What the worker loads for offline must not share the line with the first test.
const SETTLE_MS = 10_000;

async function settled() {
  const known = await navigator.serviceWorker?.getRegistration("/do/");
  if (!known || known.active) return;
  await Promise.race([navigator.serviceWorker.ready, new Promise((done) => setTimeout(done, SETTLE_MS))]);
}

// The person looks at the browser's question; a phone that is found takes a second or two.
const FIRST_FIX_MS = 12_000;
// A fix that is still poor after the test may become better while nothing else is done.
const BETTER_MS = 12_000;

export const place = new Place(showPlace);
let line = null;
let withoutPlace = false; // the person wants to measure all the same

// What the person said of the network, where the browser itself does not know it.
export async function network() {
  const said = (await setting("network")) ?? null;
  const kind = networkKind() ?? said?.kind ?? null;
  return kind === "mobile" ? { kind, operator: said?.operator ?? null } : kind && { kind };
}

// The operator is asked for once, and so is the kind where no browser tells it.
export async function mustChoose() {
  const kind = networkKind();
  return !(await setting("network")) && kind !== "wifi" && kind !== "ethernet";
}

export async function choose() {
  const section = element("choosing");
  section.hidden = false;
  element("choosing-title").focus();
  const { kind, operator } = await new Promise((resolve) => {
    for (const button of section.querySelectorAll("button")) button.onclick = () => resolve(button.dataset);
  });
  await keep("network", { kind, operator: operator || null });
  section.hidden = true;
  await showNetwork();
}

export async function showNetwork() {
  const told = await network();
  const kind = told && words(told.kind === "mobile" ? "mobile" : "wifi");
  element("network").textContent = told ? [told.operator, kind].filter(Boolean).join(", ") : words("unknownNetwork");
}

export async function showData() {
  const last = await setting("lastMb");
  const key = element("small").checked ? "willUseSmall" : last ? "willUse" : "willUseFirst";
  element("data").textContent = words(key, { mb: number(last ?? 0) });
}

function showPlace() {
  const fix = place.best();
  const m = fix && number(Math.round(fix.accuracy));
  const found = fix && words(fix.accuracy <= FAIR_M ? "placeGood" : "placePoor", { m });
  const none = place.watching === null ? "placeNone" : "placeWaiting";
  element("place").textContent = found || words(place.refused ? "placeRefused" : none);
  element("refused").hidden = !place.refused || withoutPlace;
}

// Press: measure; press again: stop. Resolves to the kept sample, or null where nothing was taken.
export async function press(anyway = false) {
  if (line) {
    line.stop?.();
    return null;
  }
  line = {};
  withoutPlace = anyway;
  say("");
  const button = element("measure");
  element("fate").hidden = true;
  const awake = await stayAwake();
  try {
    return await measure(button);
  } finally {
    await awake?.release();
    line = null;
    button.textContent = button.dataset.measure;
    button.classList.remove("running");
    phase("");
    if (document.visibilityState === "hidden") place.stop();
  }
}

async function measure(button) {
  place.start();
  showPlace();
  phase(words("asking"));
  if (!place.best() && !withoutPlace) await place.until(Infinity, FIRST_FIX_MS);
  if (place.refused && !withoutPlace) return null;
  phase(words("preparing"));
  await settled();
  button.textContent = button.dataset.stop;
  button.classList.add("running");
  const measuredAt = new Date();
  const told = await network();
  line = new Line(element("do").dataset.speed, await setting("phone"), element("small").checked, showValues);
  const result = await line.run();
  showValues(result);
  if (result.status === "busy") {
    say(words("busy"));
    return null;
  }
  if (!withoutPlace && (place.best()?.accuracy ?? Infinity) > GOOD_M) {
    phase(words("better"));
    await place.until(FAIR_M, BETTER_MS);
  }
  return kept(result, measuredAt, told);
}

// Kept on the phone before the first attempt to send it.
async function kept(result, measuredAt, told) {
  const body = {
    id: newId(),
    measured_at: measuredAt.toISOString(),
    ...values(result),
    network: { kind: told?.kind ?? "unknown", ...(told?.operator && { operator: told.operator }) },
    ...(told?.operator && { operator_source: "user" }),
    location: asSent(place.best()),
    server: { id: new URL(element("do").dataset.speed || location.origin).host },
    app_version: VERSION,
    source: "app",
    metered: metered(),
    data_used_mb: rounded(result.mb),
    duration_s: rounded(result.seconds),
  };
  const sample = { id: body.id, body, state: "waiting", answer: null };
  await keepSample(sample);
  if (!element("small").checked && result.mb) await keep("lastMb", Math.max(1, Math.round(result.mb)));
  element("data").textContent = words("used", { mb: number(result.mb, 1) });
  return sample;
}

function values({ status, down, up, ping, jitter }) {
  const whole = status === "finished" && down && up && ping !== null;
  if (!whole) return { status: status === "finished" ? "failed" : status, download_mbps: null, upload_mbps: null };
  return {
    status,
    download_mbps: rounded(down),
    upload_mbps: rounded(up),
    ping_ms: rounded(ping),
    jitter_ms: rounded(jitter),
  };
}

const rounded = (value) => (value === null || value === undefined ? null : Math.round(value * 100) / 100);

function showValues({ phase: now, down, up, ping, jitter }) {
  if (now) phase(words(now));
  const shown = { down: speed(down), up: speed(up), ping: number(ping), jitter: number(jitter, 1) };
  for (const [name, text] of Object.entries(shown)) {
    element(name).querySelector(".figure").textContent = text;
    element(name).classList.toggle("now", name === now);
  }
}

function phase(text) {
  element("phase").textContent = text;
}


// The screen must not sleep in a test; where that cannot be had, it is measured all the same.
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
