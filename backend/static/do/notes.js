// No-connection notes on the phone: stored before they are sent, listed in the day's journey.
import { deleteNote, notes, ON_SERVER, saveNote, setting } from "./store.js";
import { place, translate } from "./texts.js";

// Notes that the server has are deleted from the phone after this time.
const KEPT_MS = 30 * 86_400_000;

export const notedAt = ({ body }) => body.attempts.at(-1);

export const waitingNotes = async () => (await notes()).filter((one) => one.state === "waiting");

// The state of a note: { kind: good | wait | bad, text }.
export function describeNote({ state, answer }) {
  if (state === "waiting") return { kind: "wait", text: translate("noteWaiting") };
  if (state === "refused") {
    const why = (answer.errors ?? []).map((one) => one.message).join(" ");
    return { kind: "bad", text: `${translate("refused")}. ${why}` };
  }
  if (answer.server_down) return { kind: "bad", text: translate("noteServerDown") };
  return { kind: "good", text: answer.unit ? translate("noteSent", { unit: place(answer.unit.name) }) : translate("noteSentNowhere") };
}

export async function deleteOldNotes() {
  for (const one of await notes()) {
    const old = Date.now() - new Date(notedAt(one)) > KEPT_MS;
    if (one.state === ON_SERVER && old) await deleteNote(one.id);
  }
}

// `isOffline`: not only the server of this page was silent. `agreed`: the consent text that it is noted under.
export async function storeNote(body, isOffline) {
  const agreed = await setting("consent");
  return saveNote({ id: body.id, body, isOffline, agreed, state: "waiting", answer: null });
}
