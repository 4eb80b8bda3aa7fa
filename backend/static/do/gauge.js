// The gauge of a running test.
import { element, speed } from "./texts.js";

// Values at equal steps of the arc, in Mbit/s; the server draws the same as ticks.
const STOPS = JSON.parse(element("gauge-stops").textContent);
// The arc is three quarters of the circle, whose length is 100.
const ARC = 75;

// The place of a value on the arc, from 0 to 1.
export function share(value) {
  const above = STOPS.findIndex((stop) => value < stop);
  if (above < 0) return 1;
  if (above === 0) return 0;
  const [low, high] = [STOPS[above - 1], STOPS[above]];
  return (above - 1 + (value - low) / (high - low)) / (STOPS.length - 1);
}

export function showGauge(mbps) {
  element("live-figure").textContent = speed(mbps);
  element("gauge-filled").setAttribute("stroke-dasharray", `${(share(mbps ?? 0) * ARC).toFixed(2)} 100`);
}

// The share of a way, before a test; null hides it.
export function showRing(way) {
  element("gauge").classList.toggle("walking", way !== null);
  if (way !== null) element("gauge-filled").setAttribute("stroke-dasharray", `${(way * ARC).toFixed(2)} 100`);
}
