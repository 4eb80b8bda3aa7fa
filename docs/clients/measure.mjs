// Measure the line with a ticket and post the witnessed result, without packages.
//
// In a page of the server, or behind a proxy of it, with a position of navigator.geolocation:
//   import { measure, post, register } from "./measure.mjs";
// In Node 18.3 or newer, where --state keeps the token and unsent samples:
//   node measure.mjs URL --latitude 21.5942 --longitude 105.8482 --accuracy-m 12

// The bytes of transfers, ascending; the first that takes FINISH_S is the last of its direction.
const KB = 1_000;
const DOWN = { small: [100, 450, 450], full: [100, 100, 500, 500, 2000, 2000, 8000, 8000, 25000] };
const UP = { small: [100, 200, 200], full: [100, 100, 400, 400, 1500, 1500, 6000, 6000] };
const PINGS = 12;
const FINISH_S = 0.9;
const NONCE_LENGTH = 32;
const TRIES = 5;
const TIMEOUT_MS = 60_000;
// To choose among measuring hosts: requests to each, and the longest wait for one.
const HOST_PINGS = 3;
const HOST_MS = 2_000;
const MAX_RANDOM = 65_536; // bytes of one call of getRandomValues
const crypto = globalThis.crypto ?? (await import("node:crypto")).webcrypto; // Node 18

/** An answer that is no success; repeating the request does not help. */
export class Refused extends Error {
  constructor(status, text) {
    super(`${status} ${text}`);
    this.status = status;
  }
}

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
const now = () => new Date().toISOString();
const text = (content) => new TextDecoder().decode(content);

// Repeat a request while the server is busy or away; return its content and the seconds it took.
async function send(method, url, { token, json, body, tries = TRIES, timeout = TIMEOUT_MS } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (json) headers["Content-Type"] = "application/json";
  const options = { method, headers, body: json ? JSON.stringify(json) : body, cache: "no-store" };
  for (let attempt = 0; attempt < tries; attempt += 1) {
    let wait = 2 ** attempt;
    try {
      const began = performance.now();
      const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(timeout) });
      const content = new Uint8Array(await answer.arrayBuffer());
      if (answer.ok) return { content, seconds: (performance.now() - began) / 1_000 };
      if (answer.status !== 429 && answer.status < 500) {
        throw new Refused(answer.status, text(content));
      }
      wait = Number(answer.headers.get("Retry-After")) || wait;
      if (wait > 60) throw new Refused(answer.status, `wait for ${wait} s`);
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    await sleep(wait);
  }
  throw new Refused(0, "the server does not answer");
}

async function ask(method, url, options) {
  const { content } = await send(method, url, options);
  return content.length ? JSON.parse(text(content)) : null;
}

function percentile90(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const place = 0.9 * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (high - low) * (place % 1);
}

function randomBytes(size) {
  const bytes = new Uint8Array(size);
  for (let start = 0; start < size; start += MAX_RANDOM) {
    crypto.getRandomValues(bytes.subarray(start, start + MAX_RANDOM));
  }
  return bytes;
}

// Transfer growing sizes until one takes long; return the 90th percentile in Mbit/s.
async function ramp(sizes, latency, transfer) {
  const rates = [];
  for (const size of sizes) {
    const seconds = await transfer(size * KB);
    rates.push((size * KB * 8) / (seconds - Math.min(latency, seconds / 4)) / 1e6);
    if (seconds >= FINISH_S) break;
  }
  return percentile90(rates);
}

// Run a test at its host; return the values of a sample, and the witness.
async function testAt(host, ticket, profile) {
  const { test } = await ask("POST", `${host}/do/tests`, { json: { ticket } });
  const waits = [];
  let nonce = "";
  for (let sent = 0; sent < PINGS; sent += 1) {
    const answer = await send("GET", `${host}/do/down?bytes=0&test=${test}${nonce}`);
    nonce = `&nonce=${text(answer.content)}`;
    waits.push(answer.seconds);
  }
  const latency = Math.min(...waits);
  const down = await ramp(DOWN[profile], latency, async (size) => {
    const answer = await send("GET", `${host}/do/down?bytes=${size}&test=${test}`);
    const last = text(answer.content.subarray(-NONCE_LENGTH)); // known once all bytes have arrived
    await send("POST", `${host}/do/down/end?test=${test}&nonce=${last}`);
    return answer.seconds;
  });
  const up = await ramp(UP[profile], latency, async (size) => {
    const answer = await send("POST", `${host}/do/up?test=${test}`, { body: randomBytes(size) });
    return answer.seconds;
  });
  const seen = await ask("POST", `${host}/do/tests/end?test=${test}`);
  const steps = waits.slice(1).map((wait, place) => Math.abs(wait - waits[place]));
  return {
    witness: seen.witness,
    // At most what the host saw: more would not count.
    download_mbps: Math.min(down, seen.download_mbps),
    upload_mbps: Math.min(up, seen.upload_mbps),
    ping_ms: [...waits].sort((one, other) => one - other)[PINGS / 2] * 1_000,
    jitter_ms: (steps.reduce((sum, step) => sum + step, 0) / steps.length) * 1_000,
  };
}

/** Register a phone; `agree` shows the consent text and returns whether the person agrees.
 *  Returns the state to keep: token, withdrawal code and unsent samples; null without consent. */
export async function register(url, agree) {
  const consent = await ask("GET", `${url}/api/v1/consent`);
  if (!(await agree(consent.text))) return null;
  const accepted = { accepted: true, version: consent.version, accepted_at: now() };
  const phone = { id: crypto.randomUUID(), platform: "javascript", consent: accepted };
  const device = await ask("POST", `${url}/api/v1/devices`, { json: phone });
  return { token: device.token, withdrawal_code: device.withdrawal_code, unsent: [] };
}

// The id of the nearest measuring host, which is kept for some hours on a network.
async function choose(url, kept, { kind, operator }) {
  const name = `${kind} ${operator}`;
  if (kept[name]?.until > Date.now()) return kept[name].host;
  const { items, max_pings: most, keep_hours: hours } = await ask("GET", `${url}/api/v1/hosts`);
  const near = items.sort((one, other) => one.class.localeCompare(other.class)).slice(0, most);
  const rank = near.length > 1 ? latency : () => 0;
  const ranked = await Promise.all(near.map(async (host) => ({ ...host, wait: await rank(host) })));
  const [{ id: host }] = ranked.sort((one, other) => one.wait - other.wait);
  kept[name] = { host, until: Date.now() + hours * 3_600_000 };
  return host;
}

// The shortest answer of a host in seconds; an operator's is behind all neutral ones that answer.
async function latency({ url, class: kind }) {
  let shortest = Infinity;
  try {
    for (let sent = 0; sent < HOST_PINGS; sent += 1) {
      const { seconds } = await send("GET", `${url}/do/down?bytes=0`, { tries: 1, timeout: HOST_MS });
      shortest = Math.min(shortest, seconds);
    }
  } catch {}
  return shortest + (kind === "operator" ? HOST_MS : 0);
}

/** Get a ticket and measure; add the sample to the unsent ones, of a failed test too: it uses its
 *  ticket. Store the state then, before `post`. `location`: latitude, longitude, accuracy_m. */
export async function measure(url, state, { location, network, profile = "full" }) {
  const wanted = { id: crypto.randomUUID(), profile }; // after a lost answer the same ticket again
  const ticket = (host) =>
    ask("POST", `${url}/api/v1/tests`, { token: state.token, json: { ...wanted, host } });
  state.hosts ??= {};
  const issued = await choose(url, state.hosts, network).then(ticket).catch(() => {
    state.hosts = {}; // the host is down: the installation names another one
    return ticket();
  });
  const began = now();
  const sample = { id: crypto.randomUUID(), measured_at: began, status: "failed", network };
  sample.location = { fixed_at: began, ...location };
  sample.test = { ticket: issued.ticket };
  try {
    const { witness, ...values } = await testAt(issued.host.url, issued.ticket, profile);
    Object.assign(sample, values, { status: "finished" });
    sample.test.witness = witness;
  } catch (error) {
    sample.error = String(error);
    state.hosts = {};
  }
  state.unsent.push(sample);
  return sample;
}

/** Send the unsent samples; each stays until the server has answered. `save` stores the state. */
export async function post(url, state, save) {
  const answers = [];
  while (state.unsent.length) {
    const json = { ...state.unsent[0], sent_at: now() };
    try {
      answers.push(await ask("POST", `${url}/api/v1/measurements`, { token: state.token, json }));
    } catch (error) {
      if (![409, 422].includes(error.status)) throw error; // these two never succeed
      answers.push({ outcome: "rejected", error: error.message });
    }
    state.unsent.shift();
    await save(state);
  }
  return answers;
}

async function main(words) {
  const [{ parseArgs }, files] = await Promise.all([import("node:util"), import("node:fs")]);
  const names = ["latitude", "longitude", "accuracy-m", "kind", "operator", "profile", "state"];
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
  options.agree = { type: "boolean" }; // the person has agreed to the consent text already
  const { values, positionals } = parseArgs({ args: words, options, allowPositionals: true });
  const [url, path] = [positionals[0], values.state ?? "measure.json"];
  const save = (state) => files.writeFileSync(path, JSON.stringify(state), { mode: 0o600 });
  const known = files.existsSync(path) && JSON.parse(files.readFileSync(path, "utf8"));
  const state = known || (await register(url, () => Boolean(values.agree)));
  if (!state) throw new Error("Nothing was registered: --agree, once the person has agreed.");
  save(state);
  const [latitude, longitude, accuracy_m] = names.slice(0, 3).map((name) => Number(values[name]));
  const network = { kind: values.kind ?? "mobile", operator: values.operator };
  const location = { latitude, longitude, accuracy_m };
  const sample = await measure(url, state, { location, network, profile: values.profile });
  if (sample.error) console.error(`The test failed: ${sample.error}`);
  save(state); // stored before it is sent
  console.log(JSON.stringify(await post(url, state, save), null, 1));
}

if (globalThis.process?.argv?.[1]?.endsWith("measure.mjs")) await main(process.argv.slice(2));
