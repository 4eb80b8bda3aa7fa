// Counts the bytes of the transfers and pings of a test, and watches the rate of running downloads.

// Often enough to be followed, seldom enough for cheap phones.
const REPORT_MS = 200;
// Headers of a ping in both directions, with those of TCP and IP.
const PING_BYTES = 1_200;
// The rate of a download is watched in windows of this length. Before the first of them the line gets up
// to speed.
const WINDOW_MS = 100;
const WINDOWS_FROM_MS = 200;
// Steps of waiting for the browser's timing, and the most of it.
const [TIMING_STEP_MS, TIMING_MS] = [5, 1_000];

// Watch the transfers at a host until `stop` is called: `bytes` is their sum so far, `windows` has for each
// download its bytes, and those of each complete window.
export function watchTransfers(host, onRate) {
  const original = globalThis.fetch;
  const watch = {
    bytes: 0,
    windows: [],
    stop() {
      globalThis.fetch = original;
    },
  };
  globalThis.fetch = async (url, options) => {
    const { origin, pathname, searchParams } = new URL(url, location.origin);
    const path = origin + pathname;
    if (path === `${host}/do/up`) watch.bytes += options?.body?.length ?? options?.body?.size ?? 0;
    if (path !== `${host}/do/down`) return original(url, options);
    const isPing = searchParams.get("bytes") === "0";
    if (isPing) watch.bytes += PING_BYTES;
    const answer = await original(url, options);
    if (!isPing && answer.ok) readInParts(answer, String(url), watch, onRate);
    return answer;
  };
  return watch;
}

// Let the content of an answer be read part by part; only its end is kept.
function readInParts(answer, url, watch, onRate) {
  const ended = answer.text; // by the witness, which reads the content; otherwise nothing does
  const own = Object.hasOwn(answer, "text");
  answer.arrayBuffer = () => read(answer.body.getReader(), watch, onRate);
  answer.text = async () => {
    if (own) await ended.call(answer);
    else await answer.arrayBuffer();
    await timed(url);
    return "";
  };
}

// The engine reads the browser's timing of a transfer, which is recorded a moment after its last part.
async function timed(url) {
  for (let waited = 0; waited < TIMING_MS && !performance.getEntriesByName(url).length; waited += TIMING_STEP_MS) {
    await new Promise((resolve) => setTimeout(resolve, TIMING_STEP_MS));
  }
}

async function read(reader, watch, onRate) {
  const began = performance.now();
  let [bytes, reported, end] = [0, began, new Uint8Array()];
  const windows = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    watch.bytes += value.length;
    end = value.length >= 64 ? value.slice(-64) : new Uint8Array([...end, ...value]).slice(-64);
    const now = performance.now();
    const window = Math.floor((now - began - WINDOWS_FROM_MS) / WINDOW_MS);
    if (window >= 0) windows[window] = (windows[window] ?? 0) + value.length;
    if (now - reported >= REPORT_MS) {
      reported = now;
      onRate((bytes * 8) / (now - began) / 1_000);
    }
  }
  // The last one is not complete; one without a byte is.
  watch.windows.push({ bytes, windows: Array.from(windows, (one) => one ?? 0).slice(0, -1) });
  return end.buffer;
}
