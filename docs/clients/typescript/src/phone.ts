import createClient, { type Client } from "openapi-fetch";
import { measure } from "../measure.mjs";
import type { components, paths } from "./schema.js";
import { attempt, isStored, sendInBatches, type Answer, type Pause, type Sent } from "./sending-rules.js";
import type { Storage } from "./storage.js";

type Schemas = components["schemas"];
type Version = Schemas["Agreement"]["version"];
export type Consent = Schemas["Consent"];
export type Measurement = Schemas["Measurement"];
/** What the server answered about one sample: outcome, verdict, errors. */
export type Result = Schemas["Result"];

/** A sample on the phone: `body` is what is sent, always the same. */
export interface Sample {
  body: Measurement;
  at: number; // ms, for the order
  state: "waiting" | "refused";
  answer?: Result; // of a refused one
}

/** Where and on which network a phone measures. */
export interface Measuring {
  location: Pick<Schemas["Location"], "latitude" | "longitude" | "accuracy_m">;
  network: Schemas["Network"];
  profile?: "small" | "full";
}

/** A phone's id and secrets; `proven`: its token has worked. */
interface Device {
  id: string;
  consent: Schemas["Agreement"];
  token?: string;
  withdrawal_code?: string | null;
  proven?: boolean;
}

export interface Options {
  /** Called with the server's answer about each sample, to show the verdict. */
  onResult?: (body: Measurement, result: Result) => void;
  /** Ends `register`, `run` and `withdraw`, which then reject; otherwise they try until the server answers. */
  signal?: AbortSignal;
  /** Of the consent and of reasons. */
  language?: "vi" | "en";
}

/** An answer that repeating the request does not change: a mistake of the app. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly problem: unknown,
  ) {
    super(`${status} ${JSON.stringify(problem)}`);
  }
}

const TIMEOUT_MS = 30_000;
const IDLE_MS = 1_000; // between looks for new samples
const UNKNOWN = [408, 413, 429]; // and 5xx, of proxies too: the same again later
const MALFORMED = [400, 403, 404, 415, 422];

/** A phone with its queue: it registers, stores samples, and sends each until the server answered. */
export class Phone {
  /** Typed requests to the whole API, with the phone's token. */
  readonly api: Client<paths>;
  readonly #storage: Storage;
  readonly #options: Options;
  readonly #url: string;
  #token: string | undefined;
  #hosts: object = {}; // the measuring host that was chosen for each network
  #sending: Promise<unknown> = Promise.resolve();

  constructor(url: string, storage: Storage, options: Options = {}) {
    this.#storage = storage;
    this.#options = options;
    this.#url = url.replace(/\/+$/, "");
    this.api = createClient<paths>({ baseUrl: this.#url, cache: "no-store", fetch: withTimeout });
    this.api.use({
      onRequest: ({ request }) => {
        request.headers.set("Accept-Language", options.language ?? "vi");
        if (this.#token) request.headers.set("Authorization", `Bearer ${this.#token}`);
      },
    });
  }

  /** Register once the person has agreed; false without consent. A registered phone needs no answer.
   *  @throws RefusedError */
  async register(
    agree: (consent: Consent) => boolean | Promise<boolean>,
    about: { platform?: string; model?: string; app_version?: string; join_code?: string } = {},
  ): Promise<boolean> {
    let device = await this.#device();
    while (!device?.proven) {
      if (device?.token) {
        device = await this.#prove(device);
      } else {
        const consent = device?.consent ?? (await this.#agreement(agree));
        if (!consent) return false;
        // Stored before the first attempt: after a lost answer the same id is the same device.
        device = { id: device?.id ?? crypto.randomUUID(), consent };
        await this.#storage.write("device", device);
        device = await this.#obtain(device, about);
      }
      await this.#storage.write("device", device);
    }
    this.#token = device.token;
    return true;
  }

  /** The code with which the person can withdraw without this phone: show it. */
  async withdrawalCode(): Promise<string | null> {
    return (await this.#device())?.withdrawal_code ?? null;
  }

  /** Store a sample, before any attempt to send it; return its id. */
  async add(sample: Omit<Measurement, "id"> & { id?: string }): Promise<string> {
    const body = { ...sample, id: sample.id ?? crypto.randomUUID() } as Measurement;
    const row: Sample = { body, at: Date.now(), state: "waiting" };
    await this.#storage.write(`sample-${body.id}`, row);
    return body.id;
  }

  /** Measure with a ticket and store the sample, of a failed test too; return it. Fails without a ticket. */
  async measure(options: Measuring): Promise<Measurement> {
    const device = await this.#device();
    const state = { token: device?.token ?? "", unsent: [], hosts: this.#hosts };
    const sample = await measure(this.#url, state, options);
    this.#hosts = state.hosts;
    await this.add(sample as Measurement);
    return sample as Measurement;
  }

  /** Send what waits, unless a pause after a failure lasts. `afresh`: the network is back, or the person wants it.
   *  Returns the outcome and the ms until the next attempt. After `ended` all data of the phone are deleted.
   *  @throws RefusedError if the post as a whole is wrong: the samples stay, and the app must change. */
  send({ afresh = false } = {}): Promise<Sent> {
    const pauses = {
      read: () => this.#storage.read<Pause | null>("pause"),
      write: (pause: Pause | null) => this.#storage.write("pause", pause),
    };
    const act = () => attempt(() => this.#sendAll(), pauses, afresh);
    // Several pages of one browser share a storage.
    const locks = globalThis.navigator?.locks;
    const done = this.#sending.then(async () => (locks ? await locks.request("dosong-sending", act) : await act()));
    this.#sending = done.catch(() => undefined);
    return done;
  }

  /** Send until the phone is withdrawn, or the signal ends it. */
  async run(): Promise<void> {
    while (!this.#options.signal?.aborted) {
      const { outcome, wait } = await this.send();
      if (outcome === "ended") return;
      await this.#sleep(outcome === "later" ? wait : IDLE_MS);
    }
  }

  /** Samples that wait, oldest first. */
  async waiting(): Promise<Sample[]> {
    return this.#samples("waiting");
  }

  /** Samples that the server refused, with its answers, for a developer; `discard` removes one. */
  async refused(): Promise<Sample[]> {
    return this.#samples("refused");
  }

  async discard(id: string): Promise<void> {
    await this.#storage.remove(`sample-${id}`);
  }

  /** Withdraw the consent: the server deletes, then the phone. */
  async withdraw(): Promise<void> {
    await this.#device();
    const answer = await this.#insist(() => this.api.DELETE("/api/v1/devices/me"));
    // 401: an earlier attempt succeeded, whose answer was lost.
    if (!answer.ok && answer.status !== 401) throw new RefusedError(answer.status, answer.content);
    await this.#forget();
  }

  async #device(): Promise<Device | undefined> {
    const device = await this.#storage.read<Device>("device");
    this.#token = device?.token;
    return device;
  }

  async #agreement(
    agree: (consent: Consent) => boolean | Promise<boolean>,
  ): Promise<Device["consent"] | null> {
    const read = await this.#insist(() => this.api.GET("/api/v1/consent"));
    if (!read.ok) throw new RefusedError(read.status, read.content);
    const text = read.content as Consent;
    if (!(await agree(text))) return null;
    return { accepted: true, version: text.version as Version, accepted_at: new Date().toISOString() };
  }

  /** The device with a token, or a new one whose turn is next. */
  async #obtain(device: Device, about: object): Promise<Device> {
    const body = { platform: "javascript", ...about, id: device.id, consent: device.consent };
    const answer = await this.#insist(() => this.api.POST("/api/v1/devices", { body }));
    // Too late for this id, under which nothing was sent.
    if (answer.status === 409) return { id: crypto.randomUUID(), consent: device.consent };
    if (!answer.ok) {
      await this.#storage.remove("device");
      throw new RefusedError(answer.status, answer.content);
    }
    const { token, withdrawal_code } = answer.content as Schemas["Registered"];
    return { ...device, token, withdrawal_code };
  }

  /** Use a token for the first time, which makes it final. A lost attempt may be processed after the next one, and
   *  only the last token is valid: until one has worked, 401 means to register again with the same id. */
  async #prove(device: Device): Promise<Device> {
    this.#token = device.token;
    const answer = await this.#insist(() => this.api.GET("/api/v1/devices/me"));
    this.#token = answer.ok ? device.token : undefined;
    return answer.ok ? { ...device, proven: true } : { id: device.id, consent: device.consent };
  }

  async #sendAll(): Promise<Sent> {
    const device = await this.#device();
    const waiting = device?.proven ? await this.#samples("waiting") : [];
    const sent = await sendInBatches(waiting, {
      post: (part) => this.#post(part),
      settle: (sample, result) => this.#settle(sample, result),
    });
    if (sent.outcome === "ended") await this.#forget();
    return sent;
  }

  async #post(part: Sample[]): Promise<Answer> {
    const body = { measurements: part.map((one) => one.body), sent_at: new Date().toISOString() };
    const answer = await ask(() => this.api.POST("/api/v1/measurements", { body }));
    if (MALFORMED.includes(answer.status)) throw new RefusedError(answer.status, answer.content);
    return { ...answer, results: (answer.content as Partial<Schemas["BatchResult"]> | undefined)?.results };
  }

  async #settle(sample: Sample, result: Result): Promise<void> {
    const name = `sample-${sample.body.id}`;
    if (isStored(result)) await this.#storage.remove(name);
    else await this.#storage.write(name, { ...sample, state: "refused", answer: result });
    this.#options.onResult?.(sample.body, result);
  }

  async #samples(state: Sample["state"]): Promise<Sample[]> {
    const all = await this.#storage.list<Sample>("sample-");
    return all.filter((one) => one.state === state).sort((one, other) => one.at - other.at);
  }

  async #forget(): Promise<void> {
    await this.#storage.clear();
    this.#token = undefined;
  }

  /** Repeat a request until there is an answer that says more than "later". */
  async #insist(request: () => Promise<Raw>): Promise<Asked> {
    let pause: Pause | null = null;
    const pauses = { read: async () => pause, write: async (next: Pause | null) => (pause = next) };
    for (;;) {
      let answer: Asked | undefined;
      const { wait } = await attempt(async () => {
        answer = await ask(request);
        return { outcome: isUnknown(answer.status) ? "later" : "sent", wait: answer.wait };
      }, pauses);
      if (answer && !wait) return answer;
      await this.#sleep(wait);
    }
  }

  #sleep(ms: number): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        signal?.reason instanceof Error ? reject(signal.reason) : reject(new Error("aborted"));
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", end);
        resolve();
      }, ms);
      signal?.addEventListener("abort", end, { once: true });
      if (signal?.aborted) end();
    });
  }
}

type Raw = { data?: unknown; error?: unknown; response: Response };
type Asked = Answer & { content: unknown };

/** Send a request once. Without an answer, or with one of something else than the server, such as the sign-in page of
 *  a hotspot, the status is 0: the server may have handled the request or not. */
async function ask(request: () => Promise<Raw>): Promise<Asked> {
  try {
    const { data, error, response } = await request();
    const wait = Number(response.headers.get("Retry-After")) || 0;
    const content = data ?? error;
    const foreign = typeof content === "string" && !isUnknown(response.status);
    if (foreign) throw new Error("this is no answer of the API");
    return { ok: response.ok, status: response.status, wait, content };
  } catch {
    return { ok: false, status: 0, wait: 0, content: undefined };
  }
}

const isUnknown = (status: number) => !status || UNKNOWN.includes(status) || status >= 500;

function withTimeout(request: Request): Promise<Response> {
  return fetch(request, { credentials: "omit", signal: AbortSignal.timeout(TIMEOUT_MS) });
}
