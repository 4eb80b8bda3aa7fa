// What the phone keeps: settings by name, and every sample until the server has told its fate.

const NAME = "dosong";
let opened;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("settings");
      asked.result.createObjectStore("samples", { keyPath: "id" });
    };
    asked.onsuccess = () => {
      // Phones close it behind a page that sleeps; the next use opens it again.
      asked.result.onclose = () => (opened = undefined);
      resolve(asked.result);
    };
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

// What was written is kept once this returns, not merely asked for.
async function within(store, mode, act) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode, { durability: "strict" });
    const asked = act(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

export const setting = (name) => within("settings", "readonly", (store) => store.get(name));
export const keep = (name, value) => within("settings", "readwrite", (store) => store.put(value, name));

// A sample: { id, body: what is sent, state: waiting | held | refused, answer: what became of it }.
export const samples = () => within("samples", "readonly", (store) => store.getAll());
export const keepSample = (sample) => within("samples", "readwrite", (store) => store.put(sample));
export const dropSample = (id) => within("samples", "readwrite", (store) => store.delete(id));

export async function forgetAll() {
  await within("samples", "readwrite", (store) => store.clear());
  await within("settings", "readwrite", (store) => store.clear());
}
