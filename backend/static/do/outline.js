// The border of the commune where one stands: asked for once, kept with the phone.
import { ask } from "./api.js";
import { keep, setting } from "./store.js";

// Little more than a line’s width on the small map; most communes are some 1 kB then.
const TOLERANCE_M = 25;

// Rings of [longitude, latitude]; none where there is no commune, no network, or no polygon.
export async function outlineOf({ unit, boundaries }) {
  if (!unit) return [];
  const kept = await setting("outline");
  const of = `${unit.code} ${boundaries?.set}`; // another set has other borders
  if (kept?.of === of) return kept.rings;
  const told = await ask("GET", `units/${unit.code}/geometry?level=commune&tolerance_m=${TOLERANCE_M}`);
  if (!told.ok) return [];
  const { type, coordinates } = told.geometry ?? { type: "MultiPolygon", coordinates: [] };
  const rings = (type === "Polygon" ? [coordinates] : coordinates).flat();
  await keep("outline", { of, rings });
  return rings;
}
