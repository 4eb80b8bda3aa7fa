// No-connection notes on the phone: stored before they are sent, listed among the day's samples.
import { deleteNote, notes, ON_SERVER, saveNote } from "./store.js";
import { create, dayAndTime, isToday, translate } from "./texts.js";

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

// The items of notes: [today's and those that wait, earlier ones].
export async function noteItems() {
  const all = (await notes()).sort((one, other) => (notedAt(one) < notedAt(other) ? 1 : -1));
  const isShown = (one) => one.state === "waiting" || isToday(notedAt(one));
  return [all.filter(isShown), all.filter((one) => !isShown(one))].map((some) => some.map(noteItem));
}

function noteItem(note) {
  const { kind, text } = describeNote(note);
  const row = create("li", kind);
  row.append(create("span", "at", dayAndTime(notedAt(note))));
  row.append(create("span", "values-short", translate("noConnection")), create("span", "verdict-short", text));
  return row;
}

export async function deleteOldNotes() {
  for (const one of await notes()) {
    const old = Date.now() - new Date(notedAt(one)) > KEPT_MS;
    if (one.state === ON_SERVER && old) await deleteNote(one.id);
  }
}

export const storeNote = (body) => saveNote({ id: body.id, body, state: "waiting", answer: null });
