// What became of each sample, in words, and what to do better.
import { ask } from "./api.js";
import { keepSample, samples } from "./store.js";
import { counted, day, element, knows, made, number, speed, time, words } from "./words.js";

const REPEAT_MS = 4 * 3_600_000;

// { kind: good | wait | bad, verdict, why, tip } of one sample.
export function told({ state, body, answer }) {
  if (state === "waiting") return { kind: "wait", verdict: words("waiting"), why: words("waitingMeans"), tip: "" };
  if (state === "refused") {
    const why = (answer.errors ?? []).map((one) => one.message).join(" ");
    return { kind: "bad", verdict: words("refused"), why, tip: "" };
  }
  if (answer.counted) {
    const unit = answer.unit?.name;
    return { kind: "good", verdict: unit ? words("countedFor", { unit }) : words("counted"), why: "", tip: "" };
  }
  const reasons = answer.reasons ?? [];
  const verdict = words(answer.valid ? "notCounted" : "notValid");
  return { kind: "bad", verdict, why: reasons.map((one) => one.message).join(" "), tip: tip(reasons[0]?.code, body) };
}

function tip(code, body) {
  const key = `tip_${code}`;
  const after = new Date(new Date(body.measured_at).getTime() + REPEAT_MS);
  return knows(key) ? words(key, { time: time(after) }) : "";
}

export function showFate(sample) {
  const card = element("fate");
  const { kind, verdict, why, tip: advice } = told(sample);
  card.className = `fate ${kind}`;
  card.querySelector(".verdict").textContent = verdict;
  card.querySelector(".why").textContent = why;
  card.querySelector(".tip").textContent = advice;
  card.hidden = false;
}

// Verdicts may change later, by an earlier sample that came late or by a decision; false where the
// server no longer knows this phone.
export async function refresh() {
  const answer = await ask("GET", "measurements?limit=50");
  if (!answer.ok) return answer.status !== 401;
  const own = new Map((await samples()).map((one) => [one.id, one]));
  for (const item of answer.items) {
    const known = own.get(item.id);
    if (known?.state === "held") await keepSample({ ...known, answer: item });
  }
  return true;
}

export async function showDay() {
  const all = await samples();
  const today = day(Date.now());
  const list = all
    .filter((one) => one.state === "waiting" || day(one.body.measured_at) === today)
    .sort((one, other) => (one.body.measured_at < other.body.measured_at ? 1 : -1));
  element("today").replaceChildren(...list.map(line));
  if (list.length) element("own-day").textContent = summed(list);
  const waiting = all.filter((one) => one.state === "waiting").length;
  element("queue").hidden = !waiting;
  element("queue").textContent = counted("waitingMany", waiting);
}

function summed(list) {
  const good = list.filter((one) => one.answer?.counted).length;
  const mb = list.reduce((sum, one) => sum + (one.body.data_used_mb ?? 0), 0);
  return counted("ownDay", list.length, { counted: number(good), mb: number(mb) });
}

function line(sample) {
  const { kind, verdict, why } = told(sample);
  const { body } = sample;
  const row = made("li", kind);
  row.append(made("span", "at", time(body.measured_at)));
  const values =
    body.status === "finished"
      ? `↓ ${speed(body.download_mbps)}  ↑ ${speed(body.upload_mbps)} Mbps · ${number(body.ping_ms)} ms`
      : words("failed");
  row.append(made("span", "values-short", values));
  row.append(made("span", "fate-short", body.source === "manual" ? words("manual") : verdict));
  if (why && kind === "bad" && body.source !== "manual") row.append(made("span", "why-short", why));
  return row;
}
