// The border of the current commune, fetched once and stored on the phone.
import { request } from "./api.js";
import { saveSetting, setting } from "./store.js";

// About one line width on the small map; most communes then take about 1 kB.
const TOLERANCE_M = 25;

// Rings of [longitude, latitude]; empty without a commune, a network or a polygon.
export async function outlineOf({ unit, boundaries }) {
  if (!unit) return [];
  const stored = await setting("outline");
  const of = `${unit.code} ${boundaries?.set}`; // borders differ between boundary sets
  if (stored?.of === of) return stored.rings;
  const answer = await request("GET", `units/${unit.code}/geometry?level=commune&tolerance_m=${TOLERANCE_M}`);
  if (!answer.ok) return [];
  const { type, coordinates } = answer.geometry ?? { type: "MultiPolygon", coordinates: [] };
  const rings = (type === "Polygon" ? [coordinates] : coordinates).flat();
  await saveSetting("outline", { of, rings });
  return rings;
}
