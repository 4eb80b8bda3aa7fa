// Rules of docs/app.md for sending, without storage or network: the page, its service worker and the client of
// docs/clients/typescript share them.

/** A pause after failures, in ms: the next attempt is at `until`, that of a person not before `earliest`, the time
 * that the server asked for; the next random wait is below `limit`.
 * @typedef {{ until: number, earliest: number, limit: number }} Pause */
/** An answer; `status` 0: none. `wait`: seconds of Retry-After.
 * @typedef {{ ok: boolean, status: number, wait: number, results?: unknown[] }} Answer */
/** What became of an attempt: sent, nothing, later (no answer, or the server asks to wait), ended (401).
 * `wait`: seconds that the server asked for.
 * @typedef {{ outcome: "sent" | "nothing" | "later" | "ended", wait: number }} Sent */

// Small batches lose little when the connection drops.
export const BATCH = 50;
// A random wait, with a limit that doubles with each failure up to 15 minutes.
const WAIT_FIRST_MS = 1_000;
const MAX_WAIT_MS = 900_000;

/** Attempt to send, unless a pause lasts; `wait` in the result: ms until the next attempt; `paused`: this was none.
 * `pauses` stores the pause, for other pages and later starts. `afresh`: the network may be back, or a person wants
 * it now: only what the server asked for is waited for.
 * @param {() => Promise<Sent>} send
 * @param {{ read: () => Promise<Pause | null | undefined>, write: (pause: Pause | null) => Promise<unknown> }} pauses
 * @param {boolean} [afresh] @returns {Promise<Sent & { paused?: boolean }>} */
export async function attempt(send, pauses, afresh = false) {
  const pause = await pauses.read();
  const left = pause ? (afresh ? pause.earliest : pause.until) - Date.now() : 0;
  // A longer one is of a clock that was changed.
  if (left > 0 && left <= 2 * MAX_WAIT_MS) return { outcome: "later", wait: left, paused: true };
  const { outcome, wait } = await send();
  if (outcome !== "later") {
    if (outcome !== "ended") await pauses.write(null);
    return { outcome, wait: 0 };
  }
  const limit = afresh || !pause ? WAIT_FIRST_MS : pause.limit;
  const earliest = Date.now() + Math.min(wait * 1000, MAX_WAIT_MS);
  const until = earliest + Math.random() * limit;
  await pauses.write({ until, earliest, limit: Math.min(2 * limit, MAX_WAIT_MS) });
  return { outcome, wait: until - Date.now() };
}

/** Send samples in batches, smaller ones after 413. `complete` returns a part as it is sent, or null if it cannot
 * be now; `settle` stores the result of one.
 * @template Sample
 * @param {Sample[]} waiting
 * @param {{ complete?: (part: Sample[]) => Promise<Sample[] | null>, post: (part: Sample[]) => Promise<Answer>,
 *   settle: (sample: Sample, result: any) => Promise<unknown> }} acts
 * @returns {Promise<Sent>} */
export async function sendInBatches(waiting, { complete = async (part) => part, post, settle }) {
  let size = BATCH;
  for (let at = 0; at < waiting.length; ) {
    const part = await complete(waiting.slice(at, at + size));
    if (!part) return { outcome: "later", wait: 0 };
    const answer = await post(part);
    if (answer.status === 401) return { outcome: "ended", wait: 0 };
    if (answer.status === 413 && part.length > 1) {
      size = Math.floor(part.length / 2);
      continue;
    }
    if (answer.results?.length !== part.length) return { outcome: "later", wait: answer.wait };
    at += part.length;
    for (const [index, sample] of part.entries()) await settle(sample, answer.results[index]);
  }
  return { outcome: waiting.length ? "sent" : "nothing", wait: 0 };
}

/** Return whether the server has the sample of a result: `accepted` and `duplicate` are both success.
 * @param {{ outcome: string }} result */
export const isStored = (result) => ["accepted", "duplicate"].includes(result.outcome);
