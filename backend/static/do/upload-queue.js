// Sends waiting samples. A sample keeps its id until the server has answered, so none is lost or stored
// twice; the page and the service worker may both send.
import { request } from "./api.js";
import { attempt, BATCH, isStored, sendInBatches } from "./sending-rules.js";
import { notes, ON_SERVER, samples, saveNote, saveSample, saveSetting, setting } from "./store.js";
import { addWitness, endTest, keepNext, nextProfile } from "./witness.js";

// The pause is stored: the page and the service worker share it, also after the page was closed.
const pauses = { read: () => setting("pause"), write: (pause) => saveSetting("pause", pause) };

// Outcomes, `wait` and `afresh` as of `attempt`.
export function sendWaiting({ afresh = false } = {}) {
  const send = () => attempt(sendAll, pauses, afresh);
  return navigator.locks ? navigator.locks.request("sending", send) : send();
}

async function sendAll() {
  const ofSamples = await sendBatches();
  if (!["sent", "nothing"].includes(ofSamples.outcome)) return ofSamples;
  const ofNotes = await sendNotes();
  return ofNotes.outcome === "nothing" ? ofSamples : ofNotes;
}

// Notes of places without a connection, in a batch: there are few. Those under an older text go before the
// agreement to a newer one: they stay under the older one.
async function sendNotes() {
  const waiting = (await notes()).filter((one) => one.state === "waiting").slice(0, BATCH);
  if (!waiting.length) return { outcome: "nothing", wait: 0 };
  const agreement = await setting("agreement");
  const older = agreement ? waiting.filter((one) => one.agreed && one.agreed !== agreement.version) : [];
  const part = older.length ? older : waiting;
  const agreed = older.length ? { ok: true } : await sendAgreement();
  const answer = agreed.ok ? await postNotes(part) : agreed;
  // The server knows nothing of the older text either: its agreement was replaced before it was sent.
  if (older.length && answer.status === 403 && (await sendAgreement()).ok) return sendNotes();
  if (answer.status === 401) return { outcome: "ended", wait: 0 };
  if (!answer.ok) return { outcome: "later", wait: answer.wait };
  for (const [index, result] of answer.results.entries()) {
    await saveNote({ ...part[index], ...stateOf(result) });
  }
  const rest = older.length ? await sendNotes() : null;
  return rest && rest.outcome !== "nothing" ? rest : { outcome: "sent", wait: 0 };
}

const postNotes = (part) =>
  request("POST", "no-connection-notes", { notes: part.map((one) => one.body), sent_at: new Date().toISOString() });

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
  const settle = (sample, result) => saveSample({ ...sample, ...stateOf(result) });
  return sendInBatches(waiting, { complete: withWitnesses, post: postSamples, settle });
}

async function postSamples(part) {
  const body = { measurements: part.map((one) => one.body), sent_at: new Date().toISOString() };
  const profile = await nextProfile();
  const answer = await request("POST", profile ? `measurements?next_test=${profile}` : "measurements", body);
  if (answer.ok) await keepNext(answer.next_test);
  return answer;
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

// Refused samples stay on the phone.
function stateOf(result) {
  return { state: isStored(result) ? ON_SERVER : "refused", answer: result };
}
