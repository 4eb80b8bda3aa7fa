// Pings while transfers run: the latency of the busy line. They go without credentials, so that the browser
// does not queue them behind the transfer on its connection.

// Seldom enough that they take no bandwidth that matters, and few enough for the rest of the smallest cap.
const EVERY_MS = 200;
const MOST = 20;
// On a line that answers late, several are under way.
const AT_ONCE = 3;
// The browser records the timing of an answer a moment after it.
const TIMING_MS = 1_000;

// Measure the latency during transfers, in ms: `answers`. `address` is that of a ping.
export class LoadedPings {
  constructor(address) {
    this.address = address;
    this.answers = { download: [], upload: [] };
    this.sent = 0;
    this.waiting = new Map(); // by address
    // Not the list of the page, which the engine empties.
    this.observer = new PerformanceObserver((list) => list.getEntries().forEach((one) => this.waiting.get(one.name)?.(one)));
    this.observer.observe({ type: "resource" });
  }

  // A transfer of a direction began: its first ping waits until short transfers are over.
  begin(type) {
    if (this.type !== type) this.enter(type);
    this.timer = setInterval(() => this.send(type), EVERY_MS);
  }

  // It ended; the next one may follow.
  pause() {
    clearInterval(this.timer);
  }

  // What has no answer when its direction ends has none under load.
  enter(type) {
    this.pause();
    this.aborter?.abort();
    this.aborter = new AbortController();
    [this.type, this.left, this.underWay] = [type, MOST, 0];
  }

  stop() {
    this.enter(null);
    this.observer.disconnect();
  }

  async send(type) {
    if (!this.left || this.underWay === AT_ONCE) return;
    this.left -= 1;
    this.underWay += 1;
    const { signal } = this.aborter;
    const url = new URL(`${this.address}&ping=${(this.sent += 1)}`, location.href).href;
    const timed = new Promise((resolve) => this.waiting.set(url, resolve));
    try {
      const answer = await fetch(url, { signal, cache: "no-store", credentials: "omit" });
      await answer.text();
      const late = new Promise((resolve) => setTimeout(resolve, TIMING_MS));
      const timing = answer.ok && (await Promise.race([timed, late]));
      // As the engine's pings: without the time that the server took.
      const server = Number(answer.headers.get("Server-Timing")?.match(/dur=([\d.]+)/)?.[1] ?? 0);
      if (timing?.requestStart) this.answers[type].push(Math.max(0, timing.responseStart - timing.requestStart - server));
    } catch {
      // No answer in time says nothing of the line: the server may be busy.
    } finally {
      this.waiting.delete(url);
      if (!signal.aborted) this.underWay -= 1;
    }
  }
}
