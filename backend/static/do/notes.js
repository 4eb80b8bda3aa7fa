// No-connection notes on the phone: stored before they are sent, listed among the day's samples.
import { deleteNote, notes, ON_SERVER, saveNote } from "./store.js";
import { create, day, time, translate } from "./texts.js";

// Notes that the server has are deleted from the phone after this time.
const KEPT_MS = 30 * 86_400_000;

const notedAt = ({ body }) => body.attempts.at(-1);

export const waitingNotes = async () => (await notes()).filter((one) => one.state === "waiting");

// The state of a note: { kind: good | wait | bad, text }.
export function describeNote({ state, answer }) {
  if (state === "waiting") return { kind: "wait", text: translate("noteWaiting") };
  if (state === "refused") {
    const why = (answer.errors ?? []).map((one) => one.message).join(" ");
    return { kind: "bad", text: `${translate("refused")}. ${why}` };
  }
  return { kind: "good", text: translate("noteSent", { unit: answer.unit?.name ?? "" }) };
}

// The items of today's notes, and of those that wait.
export async function noteItems() {
  const today = day(Date.now());
  const shown = (await notes()).filter((one) => one.state === "waiting" || day(notedAt(one)) === today);
  return shown.sort((one, other) => (notedAt(one) < notedAt(other) ? 1 : -1)).map((one) => {
    const { kind, text } = describeNote(one);
    const row = create("li", kind);
    row.append(create("span", "at", time(notedAt(one))));
    row.append(create("span", "values-short", translate("noConnection")), create("span", "verdict-short", text));
    return row;
  });
}

export async function deleteOldNotes() {
  for (const one of await notes()) {
    const old = Date.now() - new Date(notedAt(one)) > KEPT_MS;
    if (one.state === ON_SERVER && old) await deleteNote(one.id);
  }
}

export const storeNote = (body) => saveNote({ id: body.id, body, state: "waiting", answer: null });
