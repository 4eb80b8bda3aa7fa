// Measure the line against this server, with Cloudflare's engine and sizes for phones.
import SpeedTest from "../vendor/speedtest/speedtest.js";

// Each size takes twice to four times as long as the one before; the first that takes over
// FINISH_MS is the last, so a slow line moves little and a fast one is still measured.
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
// The small test on the fastest lines is over in a few; below it a clock tells nothing.
const SHORTEST_MS = 1;
// One transfer that takes as long has no line.
const ABORT_MS = 30_000;
// Beyond it a position would no longer be of the test.
const WHOLE_MS = 55_000;

export class Line {
  // onChange gets { phase, down, up, ping, jitter, mb } again and again.
  constructor(speed, phone, small, onChange) {
    const address = (name) => `${speed || location.origin}/do/${name}?phone=${phone}`;
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

  // What was measured: { status: finished | failed | aborted | busy, …values, mb, seconds }.
  run() {
    const began = performance.now();
    const ended = (status) => {
      clearTimeout(this.timer);
      this.engine.pause();
      this.engine.onFinish = this.engine.onError = () => {};
      return { status, ...this.values(), seconds: (performance.now() - began) / 1000 };
    };
    return new Promise((resolve) => {
      this.stop = () => resolve(ended("aborted"));
      this.timer = setTimeout(() => resolve(ended("failed")), WHOLE_MS);
      this.engine.onPhaseChange = ({ measurement }) => this.tell(measurement.type);
      this.engine.onResultsChange = ({ type }) => this.tell(type);
      this.engine.onFinish = () => resolve(ended("finished"));
      this.engine.onError = (words, status) => resolve(ended(status === 429 ? "busy" : "failed"));
      this.engine.play();
    });
  }

  tell(type) {
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
