// Tickets and witnesses: a ticket permits one test, whose measuring host signs what it saw. Without
// them a test runs all the same, so nothing here throws or waits for long.
import { request } from "./api.js";
import { saveSetting, setting } from "./store.js";

// The most that a test waits for its ticket, and for its start and pings at the host: slow lines and
// servers answer within it, and a sample without a witness may not count.
const WAIT_MS = 5_000;
// The most that it waits for other answers of the host.
const ANSWER_MS = 3_000;
const PINGS = 5;
// The largest data cap, in MB: it takes the ticket of a full test, the others that of a small one.
export const MAX_CAP = 100;
export const profileOf = (cap) => (cap === MAX_CAP ? "full" : "small");
// The last bytes of a download in a test.
const NONCE_LENGTH = 32;
// A kept ticket is not used in its last minute.
const MARGIN_MS = 60_000;

// `status` 0: no answer.
async function send(method, url, signal, body) {
  try {
    const headers = body ? { "Content-Type": "application/json" } : {};
    const options = { method, headers, signal, cache: "no-store", credentials: "omit" };
    const answer = await fetch(url, { ...options, body: body && JSON.stringify(body) });
    return { ok: answer.ok, status: answer.status, text: await answer.text() };
  } catch {
    return { ok: false, status: 0, text: "" };
  }
}

// A ticket is kept by its profile, and by its host where the page chooses among several.
const slot = (profile, hostId) => (hostId ? `${profile}-${hostId}` : profile);
const keep = (name, ticket) => saveSetting(`ticket-${name}`, ticket);

// A ticket that was kept, which is then kept no longer; null without one.
async function takeKept(name) {
  const kept = await setting(`ticket-${name}`);
  if (kept) await saveSetting(`ticket-${name}`, null);
  return kept && Date.now() < kept.until ? kept : null;
}

// The profile of the ticket to get with the next post; null if none is needed.
export async function nextProfile() {
  const next = await setting("next-ticket");
  return next && !(await setting(`ticket-${slot(next.profile, next.host)}`)) ? next.profile : null;
}

export async function keepNext(answer) {
  const next = await setting("next-ticket");
  if (answer?.host.signs) await keep(slot(answer.profile, next?.host && answer.host.id), ticketOf(answer));
}

function ticketOf(answer) {
  // By the difference, because the clock of the phone may be wrong.
  const life = new Date(answer.expires_at) - new Date(answer.issued_at);
  const until = Date.now() + life - MARGIN_MS;
  return { text: answer.ticket, signs: answer.host.signs, until };
}

// A ticket of the API for a host, or one that came too late for an earlier test; null without one. Its id
// stays until there is an answer: after a lost one the same id gets the same ticket, and not one of the few
// others.
async function takeTicket(host, profile, run) {
  const name = slot(profile, host.id);
  const kept = await takeKept(name);
  if (kept) return kept;
  const idName = `ticket-id-${name}`;
  const id = (await setting(idName)) ?? crypto.randomUUID();
  await saveSetting(idName, id);
  let late = false;
  const issued = request("POST", "tests", { id, profile, ...(host.id && { host: host.id }) }).then(async (answer) => {
    run.reached ||= answer.status !== 0; // late, too
    if (answer.status === 0 || answer.status >= 500) return null;
    // Otherwise another request of this id was answered first, and its ticket was kept.
    if ((await setting(idName)) !== id) return late ? null : takeKept(name);
    await saveSetting(idName, null);
    run.refused = [409, 422].includes(answer.status); // the host is down or revoked
    if (!answer.ok) return null;
    const ticket = ticketOf(answer);
    if (late) await keep(name, ticket);
    return ticket;
  });
  const waited = new Promise((resolve) => {
    setTimeout(() => {
      late = true;
      resolve(null);
    }, WAIT_MS);
  });
  return Promise.race([issued, waited]);
}

// Start a test at the first of some hosts that takes it, { url, id }; `id` where there are several. Returns
// { host, ticket, test, reached }: `host` its address, `ticket` null if the sample has none, `test` null if
// there will be no witness, `reached` false if neither the API nor a host answered.
export async function startTest(hosts, profile) {
  let run;
  for (const host of hosts) {
    run = { host: host.url, ticket: null, test: null, reached: false, refused: false };
    await startWitnessed(run, host, profile).catch(() => {});
    if (!run.refused) break;
  }
  for (const { url } of hosts) {
    if (run.reached) break;
    const answer = await send("GET", `${url}/do/down?bytes=0`, AbortSignal.timeout(ANSWER_MS));
    if (answer.status) Object.assign(run, { host: url, reached: true });
  }
  return run;
}

async function startWitnessed(run, chosen, profile) {
  const { host } = run;
  const ticket = await takeTicket(chosen, profile, run);
  run.ticket = ticket?.text ?? null;
  // Tickets of hosts that do not sign live too short to be got ahead.
  await saveSetting("next-ticket", ticket?.signs ? { profile, host: chosen.id } : null);
  if (!ticket?.signs) return;
  const signal = AbortSignal.timeout(WAIT_MS);
  const answer = await send("POST", `${host}/do/tests`, signal, { ticket: ticket.text });
  run.reached ||= answer.status !== 0;
  if (answer.ok) {
    const { test, down_bytes: download, up_bytes: upload } = JSON.parse(answer.text);
    run.test = test;
    run.least = { download, upload }; // for a complete witness, unless the line is slow
    await ping(run, signal);
  } else if (answer.status === 0 || answer.status === 429 || answer.status >= 500) {
    // A ticket without transfers can be used for the next test.
    run.ticket = null;
    run.refused = true;
    await keep(slot(profile, chosen.id), ticket);
  }
}

// Return the nonce of each ping with the next, which tells the host the round trip. The pings of the
// engine cannot do so: it finds their timing by a fixed URL.
async function ping({ host, test }, signal) {
  let nonce = "";
  for (let sent = 0; sent < PINGS; sent += 1) {
    const answer = await send("GET", `${host}/do/down?bytes=0&test=${test}${nonce}`, signal);
    if (!answer.ok) return;
    nonce = `&nonce=${answer.text}`;
  }
}

// Until the returned function is called, end each download of the engine at the host by its nonce.
export function returnNonces({ host, test }) {
  const original = globalThis.fetch;
  let answering = Boolean(test);
  globalThis.fetch = async (url, options) => {
    const answer = await original(url, options);
    const { origin, pathname, searchParams } = new URL(url, location.origin);
    const download = origin + pathname === `${host}/do/down` && searchParams.get("bytes") !== "0";
    if (!answering || !answer.ok || !download) return answer;
    // The engine ignores the content; it starts the next transfer when this has resolved.
    answer.text = async () => {
      const content = new Uint8Array(await answer.arrayBuffer());
      const nonce = new TextDecoder().decode(content.subarray(-NONCE_LENGTH));
      const end = `${host}/do/down/end?test=${test}&nonce=${nonce}`;
      answering = (await send("POST", end, AbortSignal.timeout(ANSWER_MS))).ok;
      return "";
    };
    return answer;
  };
  return () => {
    globalThis.fetch = original;
  };
}

// End a test; the host gives the same answer for 7 days.
export const endTest = ({ host, test }) =>
  send("POST", `${host}/do/tests/end?test=${test}`, AbortSignal.timeout(ANSWER_MS));

// Add the answer of `endTest` to a sample; `run` stays in it if the host did not answer.
export function addWitness({ run, ...sample }, answer) {
  if (answer.status === 0 || answer.status >= 500) return { run, ...sample };
  if (!answer.ok) return sample;
  try {
    return { ...sample, body: withWitness(sample.body, JSON.parse(answer.text).witness) };
  } catch {
    return { run, ...sample }; // of another server, such as that of a Wi-Fi's login page
  }
}

// A sample reports at most the rates that the host saw in a complete test.
function withWitness(body, witness) {
  const witnessed = { ...body, test: { ...body.test, witness } };
  const claims = JSON.parse(atob(witness.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  if (!claims.down.complete || !claims.up.complete) return witnessed;
  witnessed.download_mbps = Math.min(body.download_mbps, claims.down.mbps);
  witnessed.upload_mbps = Math.min(body.upload_mbps, claims.up.mbps);
  return witnessed;
}
