import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Storage } from "./storage.js";

/** A folder with a file for each value, for Node; only its owner can read it. */
export class FileStorage implements Storage {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read<Value>(name: string): Promise<Value | undefined> {
    try {
      return JSON.parse(await readFile(this.#path(name), "utf8")) as Value;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async list<Value>(prefix: string): Promise<Value[]> {
    await this.#make();
    const names = (await readdir(this.#folder)).filter(
      (name) => name.startsWith(prefix) && name.endsWith(".json"),
    );
    const found = await Promise.all(names.map((name) => this.read<Value>(name.slice(0, -5))));
    return found.filter((one) => one !== undefined);
  }

  /** Write a new file and rename it: after a power failure there is the old value or the new one. */
  async write(name: string, value: unknown): Promise<void> {
    await this.#make();
    const path = `${this.#path(name)}.${randomUUID()}`;
    const file = await open(path, "w", 0o600);
    try {
      await file.writeFile(JSON.stringify(value));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(path, this.#path(name));
    const folder = await open(this.#folder);
    await folder.sync().finally(() => folder.close());
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name), { force: true });
  }

  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.json`);
  }

  async #make(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
  }
}
