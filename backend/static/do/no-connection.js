// Notes a place without a connection: three attempts over a minute, a confirmation, a position.
import { newId } from "./browser.js";
import { agreedTo, closeConsent, requestConsent, VERSION } from "./consent.js";
import { storeNote } from "./notes.js";
import { toLocation } from "./position.js";
import { element, number, showMessage, translate, translatePlural } from "./texts.js";

// As the server requires: one failed request is a lift or a busy cell.
const ATTEMPTS = 3;
const SPAN_MS = 61_000;
const SPACING_MS = 31_000;
// A phone without a network may need minutes for its first position.
const FIX_MS = 180_000;
const FIX_M = 500;
const TICK_MS = 250;

const card = () => element("no-connection");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// The countdown is not announced to screen readers; what it ends with is.
function count(text, attempts) {
  element("no-connection-state").textContent = text;
  element("no-connection-attempts").value = attempts;
}

function tell(text) {
  element("no-connection-state").textContent = "";
  element("no-connection-result").textContent = text;
}

export function hideNoConnection() {
  card().hidden = true;
  closeConsent(); // during a test it is open for a note alone
}

// Notes were sent: say so above everything, and in the card of the place if it is still there. Of those made
// while the server was away, also that they may be made again.
export function tellSent({ sent, down }) {
  if (!sent && !down) return;
  if (card().classList.contains("good")) hideNoConnection();
  const texts = [...(sent ? [translatePlural("notesSent", sent)] : []), ...(down ? [translatePlural("notesServerDown", down)] : [])];
  showMessage(texts.join(" "), down ? undefined : "good");
}

// What the person answers: { confirmed, cancelled }, changed by the buttons of the card.
function listen() {
  const choice = { confirmed: false, cancelled: false };
  element("no-connection-confirm").onclick = async () => {
    if (!(await agreeToNote())) return void card().focus();
    choice.confirmed = true;
    element("no-connection-ask").hidden = true;
  };
  element("no-connection-cancel").onclick = () => (choice.cancelled = true);
  return choice;
}

// Ask for the present text. Who declines it, and agreed to an older one that names notes, notes under that one.
async function agreeToNote() {
  return (await agreedTo("operators")) || (await requestConsent(true)) || (await agreedTo("notes"));
}

// Try until the attempts suffice. Resolves to a run that reached the network, else null; adds to `attempts`.
async function tryAgain(attempts, attempt, choice, runs) {
  const last = () => attempts.at(-1).getTime();
  while (attempts.length < ATTEMPTS || last() - attempts[0] < SPAN_MS) {
    const next = last() + SPACING_MS;
    while (Date.now() < next && !choice.cancelled) {
      const seconds = number(Math.ceil((next - Date.now()) / 1000));
      const most = number(Math.max(ATTEMPTS, attempts.length + 1));
      count(translate("noteTrying", { n: number(attempts.length), most, seconds }), attempts.length);
      await pause(TICK_MS);
    }
    if (choice.cancelled) return null;
    const at = new Date();
    const run = await attempt();
    runs.push(run);
    if (runs.some((one) => one.reached || one.ticket)) return run;
    attempts.push(at);
  }
  return null;
}

// Offer to note the place after an attempt `first` of the run `before` failed. Resolves to { run } if a
// later attempt reached the network, to { note } if the place was noted, else to {}. `position` is a
// PositionWatch, `attempt` starts another run, `onStop` gets what cancels. `isOffline`: more than one machine is
// silent; otherwise the card and the note leave open whether the network or the server was away.
export async function offerNote({ first, before, attempt, position, operator, onStop, isOffline }) {
  for (const id of ["title", "offer"]) {
    const { offline, away } = element(`no-connection-${id}`).dataset;
    element(`no-connection-${id}`).textContent = isOffline ? offline : away;
  }
  const choice = listen();
  onStop(() => (choice.cancelled = true));
  element("no-connection-ask").hidden = false;
  tell("");
  card().className = "verdict-card wait";
  card().hidden = false;
  card().focus();
  const attempts = [first];
  const runs = [before];
  const run = await tryAgain(attempts, attempt, choice, runs);
  if (run || choice.cancelled) {
    hideNoConnection();
    return run ? { run } : {};
  }
  count("", ATTEMPTS);
  tell(translate("notePosition"));
  const fix = await findPosition(position, choice);
  if (!choice.confirmed && !choice.cancelled) tell(translate("noteConfirm"));
  while (!choice.confirmed && !choice.cancelled) await pause(TICK_MS);
  // The answer of an attempt may have come late: then there was a connection, if a slow one.
  const slow = runs.some((one) => one.reached);
  if (choice.cancelled || slow || !(fix?.accuracy <= FIX_M)) return end(choice, slow);
  const note = await storeNote(noteOf(attempts, fix, operator), isOffline);
  card().className = "verdict-card good";
  tell(translate("noteStored"));
  return { note };
}

async function findPosition(position, choice) {
  const ends = Date.now() + FIX_MS;
  let fix = null;
  do {
    fix = await position.until(FIX_M, TICK_MS);
  } while (!(fix?.accuracy <= FIX_M) && !choice.cancelled && !position.refused && Date.now() < ends);
  return fix;
}

function end(choice, slow) {
  element("no-connection-ask").hidden = true;
  if (choice.cancelled) hideNoConnection();
  else tell(translate(slow ? "noteSlow" : "noteNoPosition"));
  return {};
}

const noteOf = (attempts, fix, operator) => ({
  id: newId(),
  attempts: attempts.map((one) => one.toISOString()),
  confirmed: { flight_mode_off: true, data_on: true, data_left: true },
  location: toLocation(fix),
  ...(operator && { network: { operator } }),
  app_version: VERSION,
});
