// Sends waiting samples. A sample keeps its id until the server has answered, so none is lost or stored
// twice; the page and the service worker may both send.
import { request } from "./api.js";
import { notes, ON_SERVER, samples, saveNote, saveSample, saveSetting, setting } from "./store.js";
import { addWitness, endTest, keepNext, nextProfile } from "./witness.js";

// Small batches lose little when the connection drops.
const BATCH = 50;
// Retries as docs/app.md requires of apps: a random wait, with a limit that doubles up to 15 minutes.
const WAIT_FIRST_MS = 1_000;
const WAIT_MOST_MS = 900_000;

// Outcomes: sent, nothing, later (no answer, or the server asks to wait), ended (consent withdrawn). `wait`: ms
// until the next attempt; `paused`: this was none. `afresh`: the network may be back, or a person wants it; what the server asked for
// is waited for all the same.
export function sendWaiting({ afresh = false } = {}) {
  const attempt = () => sendUnlessPaused(afresh);
  return navigator.locks ? navigator.locks.request("sending", attempt) : attempt();
}

// The pause is stored: the page and the service worker share it, also after the page was closed.
async function sendUnlessPaused(afresh) {
  const pause = (await setting("pause")) ?? { until: 0, asked: 0, limit: WAIT_FIRST_MS };
  const left = (afresh ? pause.asked : pause.until) - Date.now();
  // A longer one is of a clock that was changed.
  if (left > 0 && left <= 2 * WAIT_MOST_MS) return { outcome: "later", wait: left, paused: true };
  const { outcome, wait } = await sendAll();
  if (outcome !== "later") {
    if (outcome !== "ended") await saveSetting("pause", null);
    return { outcome, wait: 0 };
  }
  const limit = afresh ? WAIT_FIRST_MS : pause.limit;
  const asked = Date.now() + Math.min(wait * 1000, WAIT_MOST_MS);
  const until = asked + Math.random() * limit;
  await saveSetting("pause", { until, asked, limit: Math.min(2 * limit, WAIT_MOST_MS) });
  return { outcome, wait: until - Date.now() };
}

async function sendAll() {
  const ofSamples = await sendBatches();
  if (!["sent", "nothing"].includes(ofSamples.outcome)) return ofSamples;
  const ofNotes = await sendNotes();
  return ofNotes.outcome === "nothing" ? ofSamples : ofNotes;
}

// Notes of places without a connection, in a batch: there are few.
async function sendNotes() {
  const waiting = (await notes()).filter((one) => one.state === "waiting").slice(0, BATCH);
  if (!waiting.length) return { outcome: "nothing", wait: 0 };
  const agreed = await sendAgreement();
  if (!agreed.ok) return { outcome: agreed.status === 401 ? "ended" : "later", wait: agreed.wait };
  const body = { notes: waiting.map((one) => one.body), sent_at: new Date().toISOString() };
  const answer = await request("POST", "no-connection-notes", body);
  if (answer.status === 401) return { outcome: "ended", wait: 0 };
  if (!answer.ok) return { outcome: "later", wait: answer.wait };
  for (const [index, result] of answer.results.entries()) {
    await saveNote({ ...waiting[index], ...stateOf(result) });
  }
  return { outcome: "sent", wait: 0 };
}

// The consent to notes, which was given without a network.
async function sendAgreement() {
  const agreement = await setting("agreement");
  if (!agreement) return { ok: true };
  const answer = await request("POST", "devices/me/consents", { consent: agreement });
  if (answer.ok) await saveSetting("agreement", null);
  return answer;
}

async function sendBatches() {
  const waiting = (await samples()).filter((one) => one.state === "waiting");
  if (!waiting.length) return { outcome: "nothing", wait: 0 };
  let size = BATCH;
  for (let at = 0; at < waiting.length; ) {
    const part = await withWitnesses(waiting.slice(at, at + size));
    if (!part) return { outcome: "later", wait: 0 };
    const body = { measurements: part.map((one) => one.body), sent_at: new Date().toISOString() };
    const profile = await nextProfile();
    const path = profile ? `measurements?next_test=${profile}` : "measurements";
    const answer = await request("POST", path, body);
    if (answer.status === 401) return { outcome: "ended", wait: 0 };
    if (answer.status === 413 && part.length > 1) {
      size = Math.floor(part.length / 2);
      continue;
    }
    if (!answer.ok) return { outcome: "later", wait: answer.wait };
    at += part.length;
    await keepNext(answer.next_test);
    for (const [index, result] of answer.results.entries()) {
      await saveSample({ ...part[index], ...stateOf(result) });
    }
  }
  return { outcome: "sent", wait: 0 };
}

// Fetch missing witnesses. What is sent must not change afterwards: a lost answer would become a conflict.
// So nothing is sent while neither the host nor this server answers (null), and if only the host does not
// answer, its samples stay without a witness.
async function withWitnesses(part) {
  const complete = [];
  let reached = false;
  for (let sample of part) {
    if (sample.run) {
      sample = addWitness(sample, await endTest(sample.run));
      if (sample.run && !reached) {
        const { ok, status } = await request("GET", "devices/me");
        reached = ok || status === 401;
        if (!reached) return null;
        // The network may have come back just now.
        sample = addWitness(sample, await endTest(sample.run));
      }
      delete sample.run;
      await saveSample(sample);
    }
    complete.push(sample);
  }
  return complete;
}

// `accepted` and `duplicate` are both success; refused samples stay on the phone.
function stateOf(result) {
  const onServer = ["accepted", "duplicate"].includes(result.outcome);
  return { state: onServer ? ON_SERVER : "refused", answer: result };
}
