/** What the phone must keep; a value is durable when `write` resolves. Values are JSON. */
export interface Storage {
  read<Value>(name: string): Promise<Value | undefined>;
  /** All values whose names begin with the prefix. */
  list<Value>(prefix: string): Promise<Value[]>;
  write(name: string, value: unknown): Promise<void>;
  remove(name: string): Promise<void>;
  clear(): Promise<void>;
}

/** Loses everything at the end of the program: for tests only. */
export class MemoryStorage implements Storage {
  readonly #values = new Map<string, string>();

  async read<Value>(name: string): Promise<Value | undefined> {
    const text = this.#values.get(name);
    return text === undefined ? undefined : (JSON.parse(text) as Value);
  }

  async list<Value>(prefix: string): Promise<Value[]> {
    const found = [...this.#values].filter(([name]) => name.startsWith(prefix));
    return found.map(([, text]) => JSON.parse(text) as Value);
  }

  async write(name: string, value: unknown): Promise<void> {
    this.#values.set(name, JSON.stringify(value));
  }

  async remove(name: string): Promise<void> {
    this.#values.delete(name);
  }

  async clear(): Promise<void> {
    this.#values.clear();
  }
}

const STORE = "values";

/** The database of a browser. */
export class IndexedDbStorage implements Storage {
  readonly #name: string;
  #opened: Promise<IDBDatabase> | undefined;

  constructor(name = "dosong-client") {
    this.#name = name;
  }

  read<Value>(name: string): Promise<Value | undefined> {
    return this.#transact("readonly", (store) => store.get(name) as IDBRequest<Value | undefined>);
  }

  list<Value>(prefix: string): Promise<Value[]> {
    const names = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    return this.#transact("readonly", (store) => store.getAll(names) as IDBRequest<Value[]>);
  }

  async write(name: string, value: unknown): Promise<void> {
    await this.#transact("readwrite", (store) => store.put(value, name));
  }

  async remove(name: string): Promise<void> {
    await this.#transact("readwrite", (store) => store.delete(name));
  }

  async clear(): Promise<void> {
    await this.#transact("readwrite", (store) => store.clear());
  }

  #open(): Promise<IDBDatabase> {
    this.#opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(this.#name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onsuccess = () => {
        // Phones close the database of a sleeping page; the next use opens it again.
        request.result.onclose = () => (this.#opened = undefined);
        resolve(request.result);
      };
      request.onerror = () => {
        this.#opened = undefined;
        reject(request.error);
      };
    });
    return this.#opened;
  }

  async #transact<Result>(
    mode: IDBTransactionMode,
    act: (store: IDBObjectStore) => IDBRequest<Result>,
  ): Promise<Result> {
    const database = await this.#open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: "strict" });
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }
}
