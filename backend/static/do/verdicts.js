// The verdict of each sample as text, with advice.
import { request } from "./api.js";
import { noteItems } from "./notes.js";
import { showQuality } from "./quality.js";
import { ON_SERVER, samples, saveSample } from "./store.js";
import {
  create,
  dayAndTime,
  element,
  hasText,
  isToday,
  number,
  speed,
  time,
  translate,
  translatePlural,
} from "./texts.js";

const REPEAT_MS = 4 * 3_600_000;

// Marks that say why a measuring host did not confirm a sample.
const UNCONFIRMED = /^(ticket|witness|host|server|claim)_/;

// Whether the measuring host confirmed a sample, as { text, why }; null if it has no answer or no values.
function describeAssurance({ body, answer }) {
  const { assurance, marks = [] } = answer ?? {};
  if (!hasText(`assurance_${assurance}`) || body.source === "manual" || body.status !== "finished") return null;
  const why = marks.filter(({ code }) => UNCONFIRMED.test(code)).map((one) => one.message);
  return { text: translate(`assurance_${assurance}`), why: why.join(" ") || translate(`assuranceWhy_${assurance}`) };
}

// The verdict of a sample: { kind: good | wait | bad, verdict, why, tip }.
export function describe({ state, body, answer }) {
  if (state === "waiting") return { kind: "wait", verdict: translate("waiting"), why: translate("waitingHint"), tip: "" };
  if (state === "refused") {
    const why = (answer.errors ?? []).map((one) => one.message).join(" ");
    return { kind: "bad", verdict: translate("refused"), why, tip: "" };
  }
  if (answer.counted) {
    const unit = answer.unit?.name;
    const capped = (answer.marks ?? []).some(({ code }) => code === "capped");
    const advice = capped ? translate("tip_capped", { mb: number(body.data_cap_mb) }) : "";
    return { kind: "good", verdict: unit ? translate("countedFor", { unit }) : translate("counted"), why: "", tip: advice };
  }
  const reasons = answer.reasons ?? [];
  if (body.status !== "finished") {
    return { kind: "bad", verdict: translate(`${body.status}Test`), why: "", tip: tip(reasons, body) };
  }
  const verdict = translate(answer.valid ? "notCounted" : "notValid");
  return { kind: "bad", verdict, why: reasons.map((one) => one.message).join(" "), tip: tip(reasons, body) };
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
  const { name, code } = answer?.unit ?? {};
  const month = body.measured_at.slice(0, 7);
  const here = ({ body, answer }) =>
    answer?.counted && answer.unit?.code === code && body.measured_at.startsWith(month);
  const n = code ? (await samples()).filter(here).length : 0;
  return n >= MANY_OF_ONE ? translatePlural("tipOthers", n, { unit: name }) : "";
}

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
  const assurance = describeAssurance(sample);
  card.querySelector(".assurance").textContent = assurance ? `${assurance.text}. ${assurance.why}` : "";
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

// The samples and notes of today and those that wait; and the earlier ones, whose verdicts may have come today.
export async function showDay() {
  const all = (await samples()).sort((one, other) => (one.body.measured_at < other.body.measured_at ? 1 : -1));
  const isOfToday = ({ body }) => isToday(body.measured_at);
  const isShown = (one) => one.state === "waiting" || isOfToday(one);
  const [ofToday, ofEarlier] = await noteItems();
  element("today").replaceChildren(...all.filter(isShown).map(sampleItem), ...ofToday);
  const own = all.filter(isOfToday);
  if (own.length) element("own-day").textContent = daySummary(own);
  const waiting = all.filter((one) => one.state === "waiting").length;
  element("queue").hidden = !waiting;
  element("queue").textContent = translatePlural("waitingMany", waiting);
  const earlier = [...all.filter((one) => !isShown(one)).map(sampleItem), ...ofEarlier];
  element("earlier").hidden = !earlier.length;
  element("earlier-samples").replaceChildren(...earlier);
}

function daySummary(list) {
  const good = list.filter((one) => one.answer?.counted).length;
  const mb = list.reduce((sum, one) => sum + (one.body.data_used_mb ?? 0), 0);
  return translatePlural("ownDay", list.length, { counted: number(good), mb: number(mb) });
}

function sampleItem(sample) {
  const { kind, verdict, why } = describe(sample);
  const { body } = sample;
  const row = create("li", kind);
  row.append(create("span", "at", dayAndTime(body.measured_at)));
  const values =
    body.status === "finished"
      ? `↓ ${speed(body.download_mbps)}  ↑ ${speed(body.upload_mbps)} Mbps · ${number(body.ping_ms)} ms`
      : translate("failed");
  row.append(create("span", "values-short", values));
  row.append(create("span", "verdict-short", body.source === "manual" ? translate("manual") : verdict));
  const assurance = describeAssurance(sample);
  if (assurance) row.append(create("span", "assurance-short", assurance.text));
  if (why && kind === "bad" && body.source !== "manual") row.append(create("span", "why-short", why));
  return row;
}
