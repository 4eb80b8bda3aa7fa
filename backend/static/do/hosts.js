// The choice among several measuring hosts: the one that the person chose, else the nearest by a few small requests.
import { request } from "./api.js";
import { network } from "./measurement.js";
import { saveSetting, setting } from "./store.js";
import { element, fill, number } from "./texts.js";

// Requests to a host; the first opens its connection.
const PINGS = 3;
// A host that takes longer is too far away, or down; the server's list is not waited for either.
const ANSWER_MS = 2_000;
// Smaller differences are chance: the host of the last time stays, else the preferred one comes first.
const SAME_MS = 5;

// The hosts that the page may reach by their ids, the preferred one first. Tests at an operator's host are in no
// statistics, so these come last.
const hosts = new Map(
  [...element("host").options].slice(1).map(({ value: id, text: name, dataset }) => [
    id,
    { id, name, url: dataset.url || location.origin, ofOperator: "operator" in dataset },
  ]),
);

// Choices are kept by network: { at, hours, order: [{ id, ms }] }, the best first.
const nameOf = (current) => `hosts-${current?.kind} ${current?.operator}`;

const choosing = new Map(); // the choices under way, by name

// The hosts for a test, best first; those without an answer to the pings are the last.
export async function hostsFor(current) {
  const order = (await orderOf(nameOf(current))).filter(({ id }) => hosts.has(id));
  const byHand = await setting("host");
  element("host").value = hosts.has(byHand) ? byHand : "";
  const [best] = order;
  if (best) fill("host-auto", { host: hosts.get(best.id).name, ms: number(Math.round(best.ms)) });
  const ids = new Set([byHand, ...order.map(({ id }) => id), ...hosts.keys()]);
  return [...ids].map((id) => hosts.get(id)).filter(Boolean);
}

// A host failed: the next test is at the best of those that answer now.
export async function chooseAgain(current) {
  const kept = await setting(nameOf(current));
  if (kept) await saveSetting(nameOf(current), { ...kept, at: 0 });
  await hostsFor(current);
}

async function orderOf(name) {
  const kept = await setting(name);
  const age = Date.now() - kept?.at;
  if (age >= 0 && age < kept.hours * 3_600_000) return kept.order;
  if (!choosing.has(name)) choosing.set(name, choose(name, kept?.order ?? []).finally(() => choosing.delete(name)));
  return choosing.get(name);
}

// Ping the host of the last time, the preferred one and the next of the server's list, without which nothing changes.
async function choose(name, last) {
  const late = new Promise((done) => setTimeout(done, ANSWER_MS, {}));
  const { items, max_pings: most, keep_hours: hours } = await Promise.race([request("GET", "hosts"), late]);
  if (!items) return last;
  const neutralFirst = (one, other) => one.ofOperator - other.ofOperator;
  const isLast = ({ id }) => id === last[0]?.id;
  const up = items.map(({ id }) => hosts.get(id)).filter(Boolean);
  const asked = up.sort((one, other) => neutralFirst(one, other) || isLast(other) - isLast(one)).slice(0, most);
  const pinged = await Promise.all(asked.map(async (host) => ({ ...host, ms: await ping(host.url) })));
  const step = ({ ms }) => Math.floor(ms / SAME_MS);
  const order = pinged
    .filter(({ ms }) => ms < Infinity)
    .sort((one, other) => neutralFirst(one, other) || step(one) - step(other))
    .map(({ id, ms }) => ({ id, ms }));
  // Without any answer there is no network: the next test chooses.
  if (order.length) await saveSetting(name, { at: Date.now(), hours, order });
  return order;
}

// The shortest time of an answer in ms; infinite without one, also where all slots of the host are taken.
async function ping(url) {
  const signal = AbortSignal.timeout(ANSWER_MS);
  let shortest = Infinity;
  try {
    for (let sent = 0; sent < PINGS; sent += 1) {
      const began = performance.now();
      const answer = await fetch(`${url}/do/down?bytes=0`, { signal, cache: "no-store", credentials: "omit" });
      await answer.text();
      if (answer.ok) shortest = Math.min(shortest, performance.now() - began);
    }
  } catch {
    // Down, or so far away that the first answers suffice.
  }
  return shortest;
}

element("host").addEventListener("change", ({ target }) => saveSetting("host", target.value));
// Pings would disturb a test; the next one chooses.
const isTesting = () => element("gauge").classList.contains("running");
navigator.connection?.addEventListener("change", async () => isTesting() || hostsFor(await network()));
