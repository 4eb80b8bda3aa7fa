// Where to measure next: a list, and the same as a small plan with north up.
import { ask } from "./api.js";
import { isIos } from "./browser.js";
import { distance, element, made, number, words } from "./words.js";

const SPOTS_MOST = 6;
const RADIUS = 90; // of the plan, in its own units
const METRES_A_DEGREE = 111_320;

// Without a position the server tells where the team is to go; with one, the places around it.
export async function showNext(fix, network, inTeam) {
  const asked = new URLSearchParams({ network: network === "wifi" ? "fixed" : "mobile" });
  const teams = inTeam ? await ask("GET", `next?${asked}`) : { ok: false };
  if (fix) {
    asked.set("latitude", fix.latitude.toFixed(5));
    asked.set("longitude", fix.longitude.toFixed(5));
  }
  const around = fix ? await ask("GET", `next?${asked}`) : teams;
  if (!around.ok && !teams.ok) return;
  const assigned = (teams.assignments ?? []).flatMap((one) => one.items).map(assignment);
  const spots = (around.spots ?? []).slice(0, SPOTS_MOST);
  element("here").textContent = here(around);
  element("spots").replaceChildren(...assigned, ...spots.map((spot) => place(spot, fix)));
  draw(spots, fix);
}

function here({ unit, note, spots }) {
  if (!unit) return note?.message ?? "";
  const told = { unit: unit.name, counted: number(unit.counted), target: number(unit.target), shortfall: number(unit.shortfall) };
  const counted = words(unit.target === null ? "hereNoTarget" : "here", told);
  const rest = note?.message ?? (spots.length ? "" : words("noSpots"));
  return rest ? `${counted}. ${rest}` : counted;
}

function assignment(item) {
  const row = made("li", "wait", words("assigned", { unit: item.unit.name, n: number(item.samples) }));
  if (item.latitude !== null) row.append(" ", way(item));
  return row;
}

function place(spot, fix) {
  const said = words("spot", { distance: distance(spot.distance_m), direction: fix ? direction(spot, fix) : "" });
  const row = made("li", spot.samples === "none" ? "bad" : "wait", `${said}: ${words(spot.samples === "none" ? "spotNone" : "spotFew")} `);
  row.append(way(spot));
  return row;
}

// Opens the phone's own maps; nothing is asked of another host from here.
function way({ latitude, longitude }) {
  const link = made("a", "", words("way"));
  link.href = isIos ? `maps://?daddr=${latitude},${longitude}` : `geo:${latitude},${longitude}?q=${latitude},${longitude}`;
  return link;
}

// East and north of a position, in metres.
function offset(spot, fix) {
  const east = (spot.longitude - fix.longitude) * METRES_A_DEGREE * Math.cos((fix.latitude * Math.PI) / 180);
  return [east, (spot.latitude - fix.latitude) * METRES_A_DEGREE];
}

function direction(spot, fix) {
  const [east, north] = offset(spot, fix);
  const eighth = Math.round((Math.atan2(east, north) / (2 * Math.PI)) * 8 + 8) % 8;
  return words("directions").split(",")[eighth];
}

function draw(spots, fix) {
  const map = element("map");
  map.toggleAttribute("hidden", !spots.length || !fix);
  if (!spots.length || !fix) return;
  const far = Math.max(...spots.map((spot) => spot.distance_m), 500);
  const rings = [0.5, 1].map((share) => shape("circle", { r: RADIUS * share, class: "ring" }));
  const labels = [0.5, 1].map((share) => label(0, RADIUS * share - 4, distance(far * share)));
  const dots = spots.map((spot) => {
    const [east, north] = offset(spot, fix);
    return shape("circle", { cx: (east / far) * RADIUS, cy: (-north / far) * RADIUS, r: 6, class: `spot ${spot.samples}` });
  });
  const you = [shape("circle", { r: 4, class: "you" }), label(0, 15, words("you"))];
  map.replaceChildren(...rings, ...labels, ...dots, ...you);
}

function shape(kind, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function label(x, y, text) {
  const node = shape("text", { x, y });
  node.textContent = text;
  return node;
}
