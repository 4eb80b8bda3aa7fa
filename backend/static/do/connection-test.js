// The speed test against this server, with Cloudflare's engine and transfer sizes for phones.
import SpeedTest from "../vendor/speedtest/speedtest.js";
import { returnNonces } from "./witness.js";

// Each size takes two to four times as long as the previous one. The first that takes over FINISH_MS
// is the last, so slow connections transfer little and fast ones are still measured.
const FULL = [
  { type: "latency", numPackets: 12 },
  { type: "download", bytes: 100_000, count: 2 },
  { type: "download", bytes: 500_000, count: 2 },
  { type: "download", bytes: 2_000_000, count: 2 },
  { type: "download", bytes: 8_000_000, count: 2 },
  { type: "download", bytes: 25_000_000, count: 1 },
  { type: "upload", bytes: 100_000, count: 2 },
  { type: "upload", bytes: 400_000, count: 2 },
  { type: "upload", bytes: 1_500_000, count: 2 },
  { type: "upload", bytes: 6_000_000, count: 2 },
];
const SMALL = [
  { type: "latency", numPackets: 8 },
  { type: "download", bytes: 100_000, count: 1 },
  { type: "download", bytes: 700_000, count: 2 },
  { type: "upload", bytes: 50_000, count: 1 },
  { type: "upload", bytes: 250_000, count: 2 },
];
const FINISH_MS = 900;
// Transfers shorter than this are too short for the clock of the browser.
const SHORTEST_MS = 1;
// A transfer that takes this long has failed.
const ABORT_MS = 30_000;
// A longer test would be too far from its position in time.
const TEST_MOST_MS = 55_000;

// The result by the HTTP status of a failed request; none without an answer.
const failure = (status) => (status ? (status === 429 ? "busy" : "refused") : "failed");

export class ConnectionTest {
  // `run` is of startTest; onChange is called repeatedly with { phase, down, up, ping, jitter, mb }.
  constructor(run, phone, small, onChange) {
    const witnessed = run.test ? `&test=${run.test}` : "";
    const address = (name) => `${run.host}/do/${name}?phone=${phone}${witnessed}`;
    this.witnessRun = run;
    this.engine = new SpeedTest({
      autoStart: false,
      downloadApiUrl: address("down"),
      uploadApiUrl: address("up"),
      logAimApiUrl: null,
      measurements: small ? SMALL : FULL,
      measureDownloadLoadedLatency: false,
      measureUploadLoadedLatency: false,
      bandwidthFinishRequestDuration: FINISH_MS,
      bandwidthMinRequestDuration: SHORTEST_MS,
      bandwidthAbortRequestDuration: ABORT_MS,
    });
    this.onChange = onChange;
  }

  // Returns { status: finished | failed | aborted | busy | refused, …values, mb, seconds }.
  run() {
    const began = performance.now();
    const stopReturning = returnNonces(this.witnessRun);
    const ended = (status) => {
      clearTimeout(this.timer);
      stopReturning();
      this.engine.pause();
      this.engine.onFinish = this.engine.onError = () => {};
      return { status, ...this.values(), seconds: (performance.now() - began) / 1000 };
    };
    return new Promise((resolve) => {
      this.stop = () => resolve(ended("aborted"));
      this.timer = setTimeout(() => resolve(ended("failed")), TEST_MOST_MS);
      this.engine.onPhaseChange = ({ measurement }) => this.report(measurement.type);
      this.engine.onResultsChange = ({ type }) => this.report(type);
      this.engine.onFinish = () => resolve(ended("finished"));
      this.engine.onError = (message, status) => resolve(ended(failure(status)));
      this.engine.play();
    });
  }

  report(type) {
    const phase = { latency: "ping", download: "down", upload: "up" }[type];
    this.onChange({ phase, ...this.values() });
  }

  values() {
    const { results } = this.engine;
    const mbps = (bits) => (bits ? bits / 1e6 : null);
    const points = [...(results.getDownloadBandwidthPoints() ?? []), ...(results.getUploadBandwidthPoints() ?? [])];
    return {
      down: mbps(results.getDownloadBandwidth()),
      up: mbps(results.getUploadBandwidth()),
      ping: results.getUnloadedLatency() ?? null,
      jitter: results.getUnloadedJitter() ?? null,
      mb: points.reduce((sum, point) => sum + point.bytes, 0) / 1e6,
    };
  }
}
