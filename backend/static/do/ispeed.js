// i-Speed beside a test: where VNNIC's count steers, members of a team are asked to run it, once a place. Its result
// is entered by hand, stored with the current position and counted nowhere.
import { newId } from "./browser.js";
import { VERSION } from "./consent.js";
import { network, position } from "./measurement.js";
import { metresTo } from "./next-place.js";
import { FAIR_M, toLocation } from "./position.js";
import { samples, saveSample, saveSetting, setting } from "./store.js";
import { hasTeam } from "./team.js";
import { element, onSubmit, showMessage, translate } from "./texts.js";
import { showVerdict } from "./verdicts.js";

const FIX_MS = 10_000;
// As in docs/vnnic.md: a result makes a pair with a test of the last ten minutes, at most 200 m away.
const PAIR_MS = 10 * 60_000;
const PLACE_M = 200;

// Decimal comma or point.
const parseNumber = (input) => Number(input.value.trim().replace(",", ".") || NaN);

let shown = null; // the sample beside which a result is entered
let onSaved = null;

const isFresh = ({ body }) => Date.now() - new Date(body.measured_at) <= PAIR_MS;

// The fold below a result, where anybody may enter what i-Speed showed.
export function show(sample, afterwards) {
  if (element("verdict").hidden) return; // the next test has begun
  [shown, onSaved] = [sample, afterwards];
  element("ispeed").open = false;
  element("ispeed").hidden = false;
}

// Whether i-Speed ran beside a test in this place, as far as the phone keeps its samples.
async function isDoneHere(location) {
  const isNear = (one) => one.beside && one.body.location && metresTo(one.body.location, location) <= PLACE_M;
  return (await samples()).some(isNear);
}

// Ask a member of a team to run i-Speed after a counted sample, where VNNIC's count steers the commune's province.
export async function ask(sample, unit) {
  const { body, answer } = sample;
  const isSteered = unit?.steered_by === "vnnic" && unit.code === answer?.unit?.code;
  const asked = isSteered && hasTeam() && answer.counted && body.location && !(await isDoneHere(body.location));
  if (shown?.id !== sample.id || element("verdict").hidden) return;
  element("ispeed-ask").hidden = !asked;
  element("ispeed").hidden ||= asked; // until i-Speed ran
}

// Phones close a page that lies behind another app: it goes on with the result when it opens again.
async function begin() {
  await saveSetting("ispeed", shown.id);
  enter();
}

function enter() {
  element("ispeed-ask").hidden = true;
  element("ispeed").hidden = false;
  element("ispeed").open = true;
}

export async function goOn(afterwards) {
  const begun = await setting("ispeed");
  const sample = begun && (await samples()).find((one) => one.id === begun);
  if (!sample || !isFresh(sample) || !element("verdict").hidden) return;
  [shown, onSaved] = [sample, afterwards];
  await showVerdict(sample);
  enter();
  element("note-down").focus();
}

element("ispeed-run").addEventListener("click", begin);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && element("ispeed").open) element("note-down").focus();
});
const form = element("note");
// The position may take seconds, in which a second press would store the result twice.
onSubmit(form, async ({ down: first, up: second, ping: third }) => {
  const inputs = [first, second, third];
  const [down, up, ping] = inputs.map(parseNumber);
  const wrong = inputs.find((input) => !(parseNumber(input) >= 0));
  for (const input of inputs) input.setAttribute("aria-invalid", String(!(parseNumber(input) >= 0)));
  element("note-fault").textContent = wrong ? translate("needNumbers") : "";
  if (wrong) return wrong.focus();
  const measuredAt = new Date().toISOString();
  position.start();
  await position.until(FAIR_M, FIX_MS);
  const current = await network();
  const body = {
    id: newId(),
    measured_at: measuredAt,
    status: "finished",
    download_mbps: down,
    upload_mbps: up,
    ping_ms: ping,
    network: { kind: current?.kind ?? "unknown", ...(current?.operator && { operator: current.operator }) },
    ...(current?.operator && { operator_source: "user" }),
    location: toLocation(position.best()),
    server: { name: "i-Speed" },
    app_version: VERSION,
    source: "manual",
  };
  const beside = shown?.answer?.counted && isFresh(shown) ? shown.id : null;
  await saveSample({ id: body.id, body, state: "waiting", answer: null, beside });
  await saveSetting("ispeed", null);
  form.reset();
  element("ispeed").hidden = true; // one for each test
  showMessage(translate("saved"), "good");
  await onSaved();
});
