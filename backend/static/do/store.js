// The database on the phone: settings by name, and samples.

const NAME = "dosong";
let opened;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("settings");
      request.result.createObjectStore("samples", { keyPath: "id" });
    };
    request.onsuccess = () => {
      // Phones close the database of a sleeping page; the next use opens it again.
      request.result.onclose = () => (opened = undefined);
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
  return opened;
}

// Run one transaction; resolves when its changes are stored.
async function transact(store, mode, act) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode, { durability: "strict" });
    const request = act(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

// What a full phone could not store, by store and key: it lasts as long as the page, which sends it at once.
const unstored = { settings: new Map(), samples: new Map() };

async function put(name, key, value) {
  try {
    await transact(name, "readwrite", (store) => (name === "settings" ? store.put(value, key) : store.put(value)));
    unstored[name].delete(key);
  } catch (error) {
    if (error?.name !== "QuotaExceededError") throw error;
    unstored[name].set(key, value);
  }
}

// Whether the phone has room for a sample; tried before a test costs data.
const TRIAL = "x".repeat(20_000);
export async function hasRoom() {
  await put("settings", "trial", TRIAL);
  if (!unstored.settings.has("trial")) return put("settings", "trial", null).then(() => true);
  return !unstored.settings.delete("trial");
}

export const isStoredHere = ({ id }) => !unstored.samples.has(id);

export async function setting(name) {
  if (unstored.settings.has(name)) return unstored.settings.get(name);
  return transact("settings", "readonly", (store) => store.get(name));
}
export const saveSetting = (name, value) => put("settings", name, value);

// The state of a sample that the server has; phones store this value.
export const ON_SERVER = "held";

// A sample: { id, body: as sent, state: waiting | ON_SERVER | refused, answer: of the server, run: its test
// { host, test } while the witness is missing }.
export async function samples() {
  const stored = await transact("samples", "readonly", (store) => store.getAll());
  return [...stored.filter(isStoredHere), ...unstored.samples.values()];
}
export const saveSample = (sample) => put("samples", sample.id, sample);
export async function deleteSample(id) {
  unstored.samples.delete(id);
  await transact("samples", "readwrite", (store) => store.delete(id));
}

// Notes of places without a connection are settings of their own, so that the database keeps its version:
// { id, body: as sent, state: waiting | ON_SERVER | refused, answer: of the server }.
const NOTES = () => IDBKeyRange.bound("note-", "note-\uffff");
export async function notes() {
  const stored = await transact("settings", "readonly", (store) => store.getAll(NOTES()));
  const kept = [...unstored.settings].filter(([name]) => name.startsWith("note-")).map(([, note]) => note);
  return [...stored.filter(({ id }) => kept.every((one) => one.id !== id)), ...kept];
}
export const saveNote = (note) => saveSetting(`note-${note.id}`, note);
export const deleteNote = (id) => transact("settings", "readwrite", (store) => store.delete(`note-${id}`));

// Tickets, and the ids of those that were asked for, are of one device.
const TICKETS = () => IDBKeyRange.bound("ticket-", "ticket-\uffff");
export const deleteTickets = () => transact("settings", "readwrite", (store) => store.delete(TICKETS()));

export async function clearAll() {
  for (const one of Object.values(unstored)) one.clear();
  await transact("samples", "readwrite", (store) => store.clear());
  await transact("settings", "readwrite", (store) => store.clear());
}
