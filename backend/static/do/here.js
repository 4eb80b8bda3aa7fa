// Whether a test here would count, before it costs data. The server judges; the page measures the distance to the own
// samples, in whose circles a test is a repeat, and compares accuracies. Samples that wait to be sent have circles too.
import { showRing } from "./gauge.js";
import { askHere, metresTo } from "./next-place.js";
import { GOOD_M } from "./position.js";
import { samples } from "./store.js";
import { dayAndTime, distance, element, networkName, number, place, translate } from "./texts.js";

// Without an answer in this time the button works as if there were none.
const ANSWER_MS = 2_000;
// An answer holds for this time, until the phone moves so far or its position is so many times better or worse.
const HOLDS_MS = 60_000;
const MOVED_M = 30;
const FACTOR = 2;
const PAUSE_MS = 3_000; // between two questions while the phone moves
// Where a test counts, or nothing is known, the next question may wait: the button asks again.
const CALM_MS = 15_000;
const CALM_M = 200;
// Without the server's answer: a worse position may be of another commune.
const SURE_M = 500;
// So near the place of the last answer it holds, also at the edge of a circle.
const SAME_M = 2;
// An obstacle that ends so soon is waited for.
const SOON_MS = 15_000;
// As in docs/rules.md: near a sample of the same network a test is a repeat.
const REPEAT_MS = 4 * 3_600_000;
const REPEAT_M = 100;
const MAX_ACCURACY_M = 2_000;

let adviceTurn = 0;
let turn = 0; // raised by each test and sample: an answer to an earlier question says nothing
let known = null; // the last answer, and what was asked: { here, fix, network, at }
let askedAt = 0;
let timer = null; // of the next question
let warned = false; // the button was pressed where no test counts

const nameOf = (network) => `${network?.kind} ${network?.operator}`;
// How long until a time of the last answer; the clock of the phone may be wrong.
const msUntil = (moment) => new Date(moment) - new Date(known.here.at) - (Date.now() - known.at);

export function learn(here, fix, network) {
  known = { here, fix, network: nameOf(network), at: Date.now() };
}

// A test or a sample changes the verdict on the next one.
export function forget() {
  clearTimeout(timer);
  turn += 1;
  known = null;
  warned = false;
  askedAt = Date.now(); // the surroundings of the next sample ask anyway
}

const isFixed = (network) => ["wifi", "ethernet"].includes(network?.kind);
const isSameLine = (one, other) =>
  isFixed(one) === isFixed(other) && (isFixed(one) || (one?.operator ?? null) === (other?.operator ?? null));

// The circles of samples that wait to be sent; without an answer of the server also of those that counted.
async function circlesOfPhone({ accuracy }, network, answered) {
  const since = Date.now() - REPEAT_MS;
  const isNear = ({ state, answer, body }) =>
    (state === "waiting" ? body.status === "finished" && body.source !== "manual" : !answered && answer?.counted) &&
    body.location?.accuracy_m <= MAX_ACCURACY_M &&
    new Date(body.measured_at) > since &&
    isSameLine(body.network, network);
  const radius = ({ accuracy_m: error }) => Math.max(REPEAT_M, error, accuracy);
  return (await samples()).filter(isNear).map(({ body: { location } }) => ({ ...location, radius_m: radius(location) }));
}

// What speaks against a test, as { text, share }, with the share of the way out of a circle; null if nothing is known.
async function obstacle(fix, network) {
  if (!fix) return null;
  const here = known?.network === nameOf(network) ? known.here : null;
  const ofPhone = await circlesOfPhone(fix, network, here);
  const { counts, reason, until, circles } = here ?? { counts: true, circles: [] };
  const lasting = circles.filter((one) => msUntil(one.until) > 0);
  const ways = [...lasting, ...ofPhone].map((one) => ({ left: one.radius_m - metresTo(one, fix), all: one.radius_m }));
  const { left, all } = ways.reduce((most, one) => (one.left > most.left ? one : most), { left: 0, all: 1 });
  const texts = element("advice").dataset;
  const repeats = reason?.code === "repeat";
  // A circle as wide as the error of the position shrinks with it.
  if (reason?.code === "position_coarse" || (left > 0 && all <= fix.accuracy)) {
    return { text: texts.wait.replace("{m}", number(Math.round(fix.accuracy))) };
  }
  if (left > 0 || (repeats && metresTo(fix, known.fix) < SAME_M)) {
    const more = distance(Math.max(10, Math.ceil(left / 10) * 10));
    return { text: texts.walk.replace("{distance}", more), share: 1 - left / all };
  }
  if (counts || repeats || (until && msUntil(until) < SOON_MS)) return null;
  return { text: [reason.message, until && texts.until.replace("{time}", dayAndTime(until))].filter(Boolean).join(" ") };
}

// Whether a test at a position counts, for which commune and network, and for which teams: { text, kind }.
function describeYes(fix, network) {
  const here = known?.network === nameOf(network) ? known.here : null;
  if (!here && navigator.onLine) return null;
  const isCoarse = here ? here.unit?.ambiguous && fix.accuracy > GOOD_M : fix.accuracy > SURE_M;
  if (isCoarse) return { text: translate("hereCoarse", { m: number(Math.round(fix.accuracy)) }), kind: "unsure" };
  const unit = here?.unit && place(here.unit.name);
  if (!unit) return { text: translate(network?.kind === "wifi" ? "hereWifiOffline" : "hereOffline"), kind: "unsure" };
  const values = { unit, network: networkName(network) };
  const parts = [translate(network?.kind === "wifi" ? "hereWifi" : "hereCounts", values)];
  for (const { team, counts, reason } of here.teams) {
    parts.push(translate(counts ? "forTeam" : "notForTeam", { team: team.name, why: reason?.message }));
  }
  return { text: parts.join(" "), kind: here.teams.every(({ counts }) => counts) ? "yes" : "unsure" };
}

// Whether the last answer says nothing about a position.
function isOutdated(fix, network, far = MOVED_M) {
  if (known?.network !== nameOf(network)) return true;
  const change = fix.accuracy / known.fix.accuracy;
  const moved = metresTo(fix, known.fix) > Math.max(far, known.fix.accuracy);
  return moved || change > FACTOR || change < 1 / FACTOR;
}

// Resolves to whether the server answered.
async function ask(fix, network) {
  const asked = turn;
  askedAt = Date.now();
  const here = await askHere(fix, network);
  if (!here || asked !== turn) return false;
  learn(here, fix, network);
  return true;
}

// Show whether a test at a position counts, and ask again where that may have changed.
export async function advise(fix, network) {
  const asked = (adviceTurn += 1);
  const found = await obstacle(fix, network);
  if (asked !== adviceTurn || isTesting()) return; // a later one is on its way, or the button stops the test
  const [advice, button, again] = ["advice", "measure", "again"].map(element);
  warned &&= Boolean(found);
  const said = found ? { ...found, kind: "no" } : fix && known?.here.counts !== false && describeYes(fix, network);
  advice.hidden = !said;
  advice.className = `advice ${said?.kind ?? ""}`;
  if (said && advice.textContent !== said.text) advice.textContent = said.text;
  showRing(found?.share ?? null);
  button.textContent = warned ? button.dataset.anyway : button.dataset.measure;
  if (known || found) again.textContent = found ? again.dataset.next : again.dataset.again;
  clearTimeout(timer);
  const refused = known && !known.here.counts;
  if (!fix || found?.share !== undefined || !isOutdated(fix, network, refused ? MOVED_M : CALM_M)) return;
  // Not during a test, which a question would disturb.
  const askAgain = async () => !isTesting() && (await ask(fix, network)) && advise(fix, network);
  const other = known && known.network !== nameOf(network);
  const pause = other ? 0 : refused ? PAUSE_MS : CALM_MS;
  timer = setTimeout(askAgain, Math.max(0, askedAt + pause - Date.now()));
}

// After a sample: the next place comes first if it was counted, or may be once it is sent.
export function showNextStep({ state, body, answer }) {
  forget();
  const again = element("again");
  const leads = state === "waiting" ? body.status === "finished" : answer?.counted;
  again.textContent = leads ? again.dataset.next : again.dataset.again;
}

const isTesting = () => element("measure").classList.contains("running");

export const leadsOn = () => element("again").textContent === element("again").dataset.next;

// Whether a test may begin: at once, or at a second press where it would not count.
export async function mayBegin(fix, network) {
  if (warned || !fix) return true;
  if (isOutdated(fix, network) || Date.now() - known.at > HOLDS_MS) {
    const late = new Promise((done) => setTimeout(done, ANSWER_MS, false));
    if (!navigator.onLine || !(await Promise.race([ask(fix, network), late]))) known = null;
  }
  warned = Boolean(await obstacle(fix, network));
  const until = known?.here.until;
  if (!warned && until && msUntil(until) < SOON_MS) await new Promise((done) => setTimeout(done, msUntil(until)));
  return !warned;
}
