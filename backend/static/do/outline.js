// Borders of communes, fetched once and stored on the phone.
import { request } from "./api.js";
import { saveSetting, setting } from "./store.js";
import { element } from "./texts.js";

// About one line width on the small map; most communes then take about 1 kB.
const TOLERANCE_M = 25;
// Neighbours are only context.
const NEIGHBOURS_TOLERANCE_M = 100;

// Rings of [longitude, latitude]; empty without a commune, a network or a polygon.
export async function outlineOf({ unit, boundaries }) {
  if (!unit) return [];
  const stored = await setting("outline");
  const of = `${unit.code} ${boundaries?.set}`; // borders differ between boundary sets
  if (stored?.of === of) return stored.rings;
  const rings = await fetchRings(unit.code, TOLERANCE_M);
  if (rings) await saveSetting("outline", { of, rings });
  return rings ?? [];
}

// The borders of the communes around, as { code, rings }; those of the last place alone are stored.
export async function outlinesOf({ nearby = [], boundaries }) {
  const set = boundaries?.set;
  const stored = (await setting("outlines")) ?? {};
  const known = stored.set === set ? (stored.units ?? []) : [];
  const units = [];
  for (const { code } of nearby) {
    if (element("gauge").classList.contains("running")) break; // a test needs the line alone
    const found = known.find((one) => one.code === code);
    const rings = found?.rings ?? (await fetchRings(code, NEIGHBOURS_TOLERANCE_M));
    if (rings) units.push({ code, rings });
  }
  if (units.length) await saveSetting("outlines", { set, units });
  return units;
}

// Null without an answer.
async function fetchRings(code, tolerance) {
  const answer = await request("GET", `units/${code}/geometry?level=commune&tolerance_m=${tolerance}`);
  if (!answer.ok) return null;
  const { type, coordinates } = answer.geometry ?? { type: "MultiPolygon", coordinates: [] };
  return (type === "Polygon" ? [coordinates] : coordinates).flat();
}
