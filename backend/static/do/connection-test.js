// The speed test against this server, with Cloudflare's engine and transfer sizes for phones.
import SpeedTest from "../vendor/speedtest/speedtest.js";
import { LoadedPings } from "./loaded-pings.js";
import { watchTransfers } from "./transfers.js";
import { returnNonces } from "./witness.js";

// The parts of the cap that the directions may use; pings and headers need the rest. docs/measuring.md states
// what each cap measures.
const SHARES = { download: 0.6, upload: 0.36 };
const PINGS = 12;
// The first transfer of a direction. The next ones are as large as the line needs for LONG_ENOUGH_MS, by
// the rate so far, but do not grow faster than this, since short transfers say little about the rate.
const FIRST_BYTES = 100_000;
const GROWTH = 10;
const LONG_ENOUGH_MS = 1_300;
// The most of one transfer that the server gives.
const MAX_TRANSFER = 50_000_000;

// A direction ends with transfers that take this long …
const FINISH_MS = 900;
// … or with two that take this long and differ by less than this share: the rate is stable.
const STABLE_MS = 300;
const STABLE_SHARE = 0.05;
// As the measuring host: the 90th percentile of transfers of a quarter of the largest size and more.
const SIZES_COMPARED = 4;
const PERCENTILE = 0.9;
// Transfers shorter than this are too short for the clock of the browser.
const SHORTEST_MS = 1;
// The stability compares the slowest tenth of the windows of downloads with the fastest; few have none.
const SLOW_SHARE = 0.1;
const MIN_WINDOWS = 5;
// Fewer pings during a direction have no median.
const MIN_LOADED_PINGS = 3;
// A transfer that takes this long has failed.
const ABORT_MS = 30_000;
// A longer test would be too far from its position in time.
const MAX_TEST_MS = 55_000;

// The result by the HTTP status of a failed request; none without an answer.
const failure = (status) => (status ? (status === 429 ? "busy" : "refused") : "failed");

export class ConnectionTest {
  // `run` is of startTest; onChange is called repeatedly with { phase, live, down, up, ping, jitter, mb }.
  constructor(run, cap, onChange) {
    this.run_ = run;
    this.cap = cap;
    this.onChange = onChange;
    this.points = { download: [], upload: [] };
    this.latency = { ping: null, jitter: null };
  }

  // Returns { status: finished | failed | aborted | busy | refused, …values, mb, seconds }.
  run() {
    const began = performance.now();
    const stopReturning = returnNonces(this.run_);
    this.transfers = watchTransfers(this.run_.host, (live) => this.report(this.type, live));
    this.pings = new LoadedPings(`${this.run_.host}/do/down?bytes=0`);
    return new Promise((resolve) => {
      const end = (status) => {
        if (this.ended) return;
        this.ended = true;
        clearTimeout(timer);
        this.pings.stop();
        this.transfers.stop();
        stopReturning();
        this.engine?.pause();
        resolve({ status, ...this.values(), seconds: (performance.now() - began) / 1000 });
      };
      this.stop = () => end("aborted");
      const timer = setTimeout(() => end("failed"), MAX_TEST_MS);
      this.measureAll().then(
        () => end("finished"),
        ({ status }) => end(failure(status)),
      );
    });
  }

  async measureAll() {
    await this.step({ type: "latency", numPackets: PINGS });
    for (const type of ["download", "upload"]) {
      let left = this.cap * 1e6 * SHARES[type];
      for (let bytes = FIRST_BYTES; bytes; bytes = this.nextSize(type, left)) {
        await this.step({ type, bytes, count: 1 });
        left -= bytes;
      }
    }
  }

  // The size of a direction's next transfer; 0 if it needs none, or if too little of the cap is left.
  nextSize(type, left) {
    const last = this.points[type].at(-1);
    if (!last || left < FIRST_BYTES / 10 || this.isMeasured(type)) return 0;
    const lacking = this.lacking(type);
    if (!lacking && left < last.bytes / 2) return 0;
    const wanted = Math.max(last.bytes, lacking, ((last.bps / 8) * LONG_ENOUGH_MS) / 1_000);
    const growth = last.bytes * GROWTH;
    const most = Math.min(left, MAX_TRANSFER, left < 4 * growth ? left : growth);
    return Math.round(Math.min(wanted, most));
  }

  // One size of transfers, as a test of the engine: a transfer that was begun must also end, because the
  // host counts it as one of no speed otherwise.
  step(measurement) {
    this.type = measurement.type;
    const witnessed = this.run_.test ? `?test=${this.run_.test}` : "";
    const address = (name) => `${this.run_.host}/do/${name}${witnessed}`;
    const engine = new SpeedTest({
      autoStart: false,
      downloadApiUrl: address("down"),
      uploadApiUrl: address("up"),
      logAimApiUrl: null,
      measurements: [measurement],
      measureDownloadLoadedLatency: false,
      measureUploadLoadedLatency: false,
      bandwidthMinRequestDuration: SHORTEST_MS,
      bandwidthAbortRequestDuration: ABORT_MS,
    });
    this.engine = engine;
    const earlier = this.points[measurement.type];
    engine.onResultsChange = () => this.take(engine.results, measurement.type, earlier);
    this.report(measurement.type);
    if (earlier) this.pings.begin(measurement.type);
    return new Promise((resolve, reject) => {
      engine.onFinish = () => resolve(this.take(engine.results, measurement.type, earlier));
      engine.onError = (message, status) => reject({ status });
      engine.play();
    }).finally(() => this.pings.pause());
  }

  take(results, type, earlier) {
    if (this.ended) return;
    if (type === "latency") {
      this.latency = { ping: results.getUnloadedLatency() || null, jitter: results.getUnloadedJitter() ?? null };
    } else {
      const points = type === "download" ? results.getDownloadBandwidthPoints() : results.getUploadBandwidthPoints();
      this.points[type] = [...earlier, ...(points ?? []).filter((one) => one.bps)];
    }
    this.report(type);
  }

  // Whether a direction needs no more transfers.
  isMeasured(type) {
    const points = this.points[type];
    const [before, last] = points.slice(-2);
    if (points.at(-1)?.duration > FINISH_MS) return true;
    if (!last) return false;
    const [slow, fast] = [before.bps, last.bps].sort((one, other) => one - other);
    return !this.lacking(type) && fast <= slow * (1 + STABLE_SHARE) && Math.min(before.duration, last.duration) >= STABLE_MS;
  }

  // The bytes that a complete witness still needs; a line that is slow needs none.
  lacking(type) {
    const moved = this.points[type].reduce((sum, one) => sum + one.bytes, 0);
    return Math.max(0, (this.run_.least?.[type] ?? 0) - moved);
  }

  report(type, live = null) {
    if (this.ended) return;
    const phase = { latency: "ping", download: "down", upload: "up" }[type];
    const last = this.points[type]?.at(-1);
    this.onChange({ phase, live: live ?? (last ? last.bps / 1e6 : null), ...this.values() });
  }

  values() {
    return {
      down: rate(this.points.download),
      up: rate(this.points.upload),
      ...this.latency,
      pingDown: latency(this.pings?.answers.download ?? []),
      pingUp: latency(this.pings?.answers.upload ?? []),
      stability: stability(this.transfers?.windows ?? []),
      mb: (this.transfers?.bytes ?? 0) / 1e6,
    };
  }
}

// The rate of a direction in Mbit/s; null without transfers.
function rate(points) {
  const least = Math.max(...points.map((one) => one.bytes)) / SIZES_COMPARED;
  const compared = points.filter((one) => one.bytes >= least && one.duration >= SHORTEST_MS);
  if (!compared.length) return null;
  return percentile(compared.map((one) => one.bps), PERCENTILE) / 1e6;
}

const latency = (pings) => (pings.length < MIN_LOADED_PINGS ? null : percentile(pings, 0.5));

// How steady the downloads ran: the 10th percentile of the windows in percent of their 90th; null with few.
function stability(downloads) {
  const least = Math.max(...downloads.map((one) => one.bytes)) / SIZES_COMPARED;
  const windows = downloads.filter((one) => one.bytes >= least).flatMap((one) => one.windows);
  if (windows.length < MIN_WINDOWS) return null;
  return (100 * percentile(windows, SLOW_SHARE)) / percentile(windows, 1 - SLOW_SHARE);
}

function percentile(values, part) {
  const sorted = [...values].sort((one, other) => one - other);
  const place = part * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (high - low) * (place % 1);
}
