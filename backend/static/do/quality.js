// What a connection is good for, by thresholds that the server states (backend/web/measure/uses.py).
import { create, element, number, speed, translate } from "./texts.js";

const USES = JSON.parse(element("uses-data").textContent);
const LOADED_MS = JSON.parse(element("loaded-data").textContent);
// A smaller rise of the latency is no finding.
const MIN_RISE = 1.2;
// On a slower line a low latency under load is no praise.
const SLOW_MBPS = 5;

// The uses that a finished test allows, the least demanding first.
export function usesOf({ download_mbps: down, upload_mbps: up, ping_ms: ping }) {
  const allows = (use) => down >= use.download_mbps && up >= use.upload_mbps && ping <= use.ping_ms;
  const refused = USES.findIndex((use) => !allows(use));
  return refused < 0 ? USES : USES.slice(0, refused);
}

// The verdict in words, and its grade from 0 to 4.
export function judge(body) {
  const allowed = usesOf(body);
  return { text: allowed.at(-1)?.verdict ?? translate("useNone"), grade: allowed.length, most: USES.length };
}

// Show the verdict of a finished test in words and as a row of uses, each with its own sign.
export function showQuality(body) {
  const shown = body.status === "finished" && body.source !== "manual";
  element("quality").hidden = !shown;
  if (!shown) return;
  const { text, grade } = judge(body);
  element("use").textContent = text;
  const figures = { down: speed(body.download_mbps), up: speed(body.upload_mbps), ping: number(body.ping_ms) };
  element("speeds").textContent = translate("speeds", figures);
  element("uses").replaceChildren(...USES.map((use, at) => useItem(use, at < grade)));
  element("loaded").textContent = body.download_mbps < SLOW_MBPS ? "" : describeLoaded(body);
}

// What the latency under load means, of the direction where it is longer; "" where it was not measured.
function describeLoaded({ ping_ms: idle, ping_download_ms: down, ping_upload_ms: up }) {
  if (down === undefined && up === undefined) return "";
  const loaded = Math.max(down ?? 0, up ?? 0);
  const values = { idle: number(idle), loaded: number(loaded) };
  if (loaded < idle * MIN_RISE) return translate("loadedSame", values);
  const level = loaded >= LOADED_MS.much ? "loadedMuch" : loaded >= LOADED_MS.some ? "loadedSome" : "loadedLittle";
  return translate(level, values);
}

function useItem({ name }, allowed) {
  const item = create("li", allowed ? "yes" : "no");
  item.append(create("span", "sign", allowed ? "✓" : "✕"), create("span", "", name));
  item.append(create("span", "unseen", translate(allowed ? "useYes" : "useNo")));
  return item;
}
