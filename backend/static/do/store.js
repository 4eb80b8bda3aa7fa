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
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

export const setting = (name) => transact("settings", "readonly", (store) => store.get(name));
export const saveSetting = (name, value) => transact("settings", "readwrite", (store) => store.put(value, name));

// The state of a sample that the server has; phones store this value.
export const ON_SERVER = "held";

// A sample: { id, body: as sent, state: waiting | ON_SERVER | refused, answer: of the server, run: its test
// { host, test } while the witness is missing }.
export const samples = () => transact("samples", "readonly", (store) => store.getAll());
export const saveSample = (sample) => transact("samples", "readwrite", (store) => store.put(sample));
export const deleteSample = (id) => transact("samples", "readwrite", (store) => store.delete(id));

// Notes of places without a connection are settings of their own, so that the database keeps its version:
// { id, body: as sent, state: waiting | ON_SERVER | refused, answer: of the server }.
const NOTES = () => IDBKeyRange.bound("note-", "note-\uffff");
export const notes = () => transact("settings", "readonly", (store) => store.getAll(NOTES()));
export const saveNote = (note) => saveSetting(`note-${note.id}`, note);
export const deleteNote = (id) => transact("settings", "readwrite", (store) => store.delete(`note-${id}`));

// Tickets, and the ids of those that were asked for, are of one device.
const TICKETS = () => IDBKeyRange.bound("ticket-", "ticket-\uffff");
export const deleteTickets = () => transact("settings", "readwrite", (store) => store.delete(TICKETS()));

export async function clearAll() {
  await transact("samples", "readwrite", (store) => store.clear());
  await transact("settings", "readwrite", (store) => store.clear());
}
