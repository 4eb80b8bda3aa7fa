// The verdict of each sample as text, with advice.
import { request } from "./api.js";
import { GOOD_M } from "./position.js";
import { showQuality } from "./quality.js";
import { isStoredHere, ON_SERVER, samples, saveSample } from "./store.js";
import { day, element, hasText, networkName, number, place, time, translate } from "./texts.js";

const REPEAT_MS = 4 * 3_600_000;

// Marks that say why a measuring host did not confirm a sample.
const UNCONFIRMED = /^(ticket|witness|host|server|claim)_/;

// Why the measuring host confirmed no sample; "" where it did, without an answer or without values.
function describeAssurance({ body, answer }) {
  const { assurance, marks = [] } = answer ?? {};
  if (!hasText(`assurance_${assurance}`) || body.source === "manual" || body.status !== "finished") return "";
  const why = marks.filter(({ code }) => UNCONFIRMED.test(code)).map((one) => one.message);
  return [translate(`assurance_${assurance}`), ...why].join(" ");
}

// The verdict of a sample: { kind: good | wait | bad, verdict, why, tip }.
export function describe({ state, body, answer }) {
  // Nothing of a test that broke off can count: that needs no answer.
  if (body.status !== "finished" && state !== "refused") {
    return { kind: "bad", verdict: translate(`${body.status}Test`), why: "", tip: translate("tip_failed_test") };
  }
  if (state === "waiting") return { kind: "wait", verdict: translate("waiting"), why: translate("waitingHint"), tip: "" };
  if (state === "refused") {
    const why = (answer.errors ?? []).map((one) => one.message).join(" ");
    return { kind: "bad", verdict: translate("refused"), why, tip: "" };
  }
  if (answer.counted) {
    const values = { unit: place(answer.unit?.name ?? ""), network: networkName(body.network) };
    const verdict = translate(answer.unit ? "countedFor" : "counted", values);
    const capped = (answer.marks ?? []).some(({ code }) => code === "capped");
    const advice = capped ? translate("tip_capped", { mb: number(body.data_cap_mb) }) : "";
    return { kind: "good", verdict, why: describeTeams(answer), tip: [describeDoubt(body, answer), advice].join(" ").trim() };
  }
  const reasons = answer.reasons ?? [];
  const verdict = translate(answer.valid ? "notCounted" : "notValid");
  return { kind: "bad", verdict, why: reasons.map(whyNot).join(" "), tip: tip(reasons, body) };
}

// Whether a counted sample is the teams' too, and why not; "" before the server has told.
function describeTeams({ earned = [], not_earned: missed = [] }) {
  return [...earned, ...missed]
    .map(({ team, counted, reason }) => translate(counted ? "forTeam" : "notForTeam", { team, why: reason?.message }))
    .join(" ");
}

function describeDoubt({ location }, { unit }) {
  const error = location?.accuracy_m;
  return unit?.ambiguous && error > GOOD_M ? translate("maybeElsewhere", { m: number(Math.round(error)) }) : "";
}

// The message of a reason; that of the cap of a commune names the cap.
function whyNot({ code, message }) {
  return code === "commune_cap" ? translate("communeCap", { n: number(Number(element("do").dataset.communeCap)) }) : message;
}

// What to do about the first reason for which something can be done.
function tip(reasons, body) {
  const key = reasons.map(({ code }) => `tip_${code}`).find(hasText);
  const after = new Date(new Date(body.measured_at).getTime() + REPEAT_MS);
  return key ? translate(key, { time: time(after) }) : "";
}

// From so many counted samples a month on, another phone says more about the speeds of a unit than this one.
const MANY_OF_ONE = 10;

// Suggest other phones to a person who has measured much in a unit this month; "" otherwise.
async function suggestOthers({ body, answer }) {
  const code = answer?.unit?.code;
  const month = monthOf(body.measured_at);
  const here = ({ body, answer }) => answer?.counted && answer.unit?.code === code && monthOf(body.measured_at) === month;
  const n = code ? (await samples()).filter(here).length : 0;
  return n >= MANY_OF_ONE ? translate("tipOthers") : "";
}

const monthOf = (moment) => day(moment).slice(0, 7);

let shown = null; // the id of the sample on the card

// Update the card when its sample was sent meanwhile.
export async function refreshShown() {
  const card = element("verdict");
  if (card.hidden || !card.classList.contains("wait")) return;
  const stored = (await samples()).find((one) => one.id === shown);
  if (stored && stored.state !== "waiting") showVerdict(stored);
}

export async function showVerdict(sample) {
  shown = sample.id;
  const card = element("verdict");
  const { kind, verdict, why, tip: advice } = describe(sample);
  card.className = `verdict-card ${kind}`;
  card.querySelector(".verdict span").textContent = verdict;
  showQuality(sample.body);
  card.querySelector(".why").textContent = why;
  card.querySelector(".tip").textContent = advice;
  const unstored = isStoredHere(sample) ? "" : translate(sample.state === "waiting" ? "unstoredWaits" : "unstored", { number: sample.id });
  card.querySelector(".assurance").textContent = unstored || describeAssurance(sample);
  card.hidden = false;
  if (kind !== "good") return;
  const others = await suggestOthers(sample);
  if (shown === sample.id) card.querySelector(".tip").textContent = [advice, others].join(" ").trim();
}

// Update stored verdicts, which may change by late samples or decisions; false if the server no
// longer knows this phone.
export async function refreshVerdicts() {
  const answer = await request("GET", "measurements?limit=50");
  if (!answer.ok) return answer.status !== 401;
  const own = new Map((await samples()).map((one) => [one.id, one]));
  for (const item of answer.items) {
    const stored = own.get(item.id);
    if (stored?.state === ON_SERVER) await saveSample({ ...stored, answer: item });
  }
  return true;
}
