// Send what waits. The same sample is sent under the same id until the server has told its fate, so
// nothing is lost and nothing is there twice; the page and its worker may both try.
import { ask } from "./api.js";
import { keepSample, samples } from "./store.js";

// Fifty at a time lose little when the line drops.
const BATCH = 50;

// What came of it: sent, nothing, later (no answer, or the server asks to wait), ended (withdrawn).
export function sendWaiting() {
  const act = () => sendInTurn();
  return navigator.locks ? navigator.locks.request("sending", act) : act();
}

async function sendInTurn() {
  const waiting = (await samples()).filter((one) => one.state === "waiting");
  if (!waiting.length) return { outcome: "nothing", wait: 0 };
  for (let at = 0; at < waiting.length; at += BATCH) {
    const part = waiting.slice(at, at + BATCH);
    const sent = { measurements: part.map((one) => one.body), sent_at: new Date().toISOString() };
    const answer = await ask("POST", "measurements", sent);
    if (answer.status === 401) return { outcome: "ended", wait: 0 };
    if (!answer.ok) return { outcome: "later", wait: answer.wait };
    for (const [place, result] of answer.results.entries()) {
      await keepSample({ ...part[place], ...fate(result) });
    }
  }
  return { outcome: "sent", wait: 0 };
}

// `accepted` and `duplicate` are both success; what was refused stays, for somebody to look at.
function fate(result) {
  const held = ["accepted", "duplicate"].includes(result.outcome);
  return { state: held ? "held" : "refused", answer: result };
}
