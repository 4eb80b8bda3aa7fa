// Sends waiting samples. A sample keeps its id until the server has answered, so none is lost or stored
// twice; the page and the service worker may both send.
import { request } from "./api.js";
import { ON_SERVER, samples, saveSample } from "./store.js";

// Small batches lose little when the connection drops.
const BATCH = 50;

// Outcomes: sent, nothing, later (no answer, or the server asks to wait), ended (consent withdrawn).
export function sendWaiting() {
  return navigator.locks ? navigator.locks.request("sending", sendBatches) : sendBatches();
}

async function sendBatches() {
  const waiting = (await samples()).filter((one) => one.state === "waiting");
  if (!waiting.length) return { outcome: "nothing", wait: 0 };
  for (let at = 0; at < waiting.length; at += BATCH) {
    const part = waiting.slice(at, at + BATCH);
    const body = { measurements: part.map((one) => one.body), sent_at: new Date().toISOString() };
    const answer = await request("POST", "measurements", body);
    if (answer.status === 401) return { outcome: "ended", wait: 0 };
    if (!answer.ok) return { outcome: "later", wait: answer.wait };
    for (const [index, result] of answer.results.entries()) {
      await saveSample({ ...part[index], ...stateOf(result) });
    }
  }
  return { outcome: "sent", wait: 0 };
}

// `accepted` and `duplicate` are both success; refused samples stay on the phone.
function stateOf(result) {
  const onServer = ["accepted", "duplicate"].includes(result.outcome);
  return { state: onServer ? ON_SERVER : "refused", answer: result };
}
