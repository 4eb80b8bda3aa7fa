// Where to measure next: a list, and the same as a small plan with north up.
import { ask } from "./api.js";
import { isIos } from "./browser.js";
import { outlineOf } from "./outline.js";
import { keep, setting } from "./store.js";
import { counted, distance, element, made, number, time, words } from "./words.js";

const SPOTS_MOST = 6;
const RADIUS = 90; // of the plan, in its own units
const METRES_A_DEGREE = 111_320;

// Without a position the server tells where the team is to go; with one, the places around it.
// What it told is kept: a volunteer who lost the network still knows where to go.
export async function showNext(fix, network, inTeam) {
  const told = (await asked(fix, network, inTeam)) ?? (await setting("next"));
  if (!told) return;
  if (!told.at) await keep("next", { ...told, at: Date.now() });
  const { around, assignments } = told;
  const spots = (around.spots ?? []).slice(0, SPOTS_MOST);
  const from = fix ?? told.fix; // offline without a position: as it was
  element("here").textContent = here(around, told.at);
  element("spots").replaceChildren(...assignments.map(assignment), ...spots.map((spot) => place(spot, from)));
  const goals = assignments.filter((one) => one.latitude !== null);
  draw(spots, goals, from, []);
  const outline = await outlineOf(around);
  if (outline.length) draw(spots, goals, from, outline);
}

// Null where nobody answers.
async function asked(fix, network, inTeam) {
  const question = new URLSearchParams({ network: network === "wifi" ? "fixed" : "mobile" });
  const teams = inTeam ? await ask("GET", `next?${question}`) : { ok: false };
  if (fix) {
    question.set("latitude", fix.latitude.toFixed(5));
    question.set("longitude", fix.longitude.toFixed(5));
  }
  const around = fix ? await ask("GET", `next?${question}`) : teams;
  if (!around.ok && !teams.ok) return null;
  const assignments = (teams.assignments ?? []).flatMap((one) => one.items);
  return { around, assignments, fix: fix && { latitude: fix.latitude, longitude: fix.longitude } };
}

function here({ unit, note, spots }, at) {
  const when = at ? ` ${words("asOf", { time: time(at) })}` : "";
  if (!unit) return (note?.message ?? "") + when;
  const told = { unit: unit.name, counted: number(unit.counted), shortfall: number(unit.shortfall) };
  const sum = unit.target === null ? counted("hereNoTarget", unit.counted, told) : counted("here", unit.target, told);
  const rest = note?.message ?? (spots.length ? "" : words("noSpots"));
  return (rest ? `${sum}. ${rest}` : `${sum}.`) + when;
}

function assignment(item) {
  const row = made("li", "wait", counted("assigned", item.samples, { unit: item.unit.name }));
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

// The places around and the commune's border, north up; where the team is to go stands at the rim
// if it lies beyond.
function draw(spots, goals, fix, outline) {
  const map = element("map");
  const empty = !fix || !(spots.length || goals.length);
  map.toggleAttribute("hidden", empty);
  if (empty) return;
  const far = Math.max(...spots.map((spot) => spot.distance_m), 500);
  const rings = [0.5, 1].map((share) => shape("circle", { r: RADIUS * share, class: "ring" }));
  const labels = [0.5, 1].map((share) => label(0, RADIUS * share - 4, distance(far * share)));
  const dots = spots.map((spot) => {
    const [x, y] = onMap(spot, fix, far);
    return shape("circle", { cx: x, cy: y, r: 6, class: `spot ${spot.samples}` });
  });
  const aims = goals.flatMap((goal) => {
    const [x, y, metres] = onMap(goal, fix, far);
    const aim = shape("rect", { x: x - 6, y: y - 6, width: 12, height: 12, rx: 2, class: "goal" });
    return [aim, label(x, y + (y < 0 ? 18 : -10), distance(metres))];
  });
  const you = [shape("circle", { r: 4, class: "you" }), label(0, 15, words("you"))];
  const border = shape("path", { class: "border", d: outline.map((ring) => line(ring, fix, RADIUS / far)).join("") });
  map.replaceChildren(border, ...rings, ...aims, ...dots, ...labels, ...you);
}

// Where a place is drawn, not beyond the rim, and how far it is.
function onMap(place, fix, far) {
  const [east, north] = offset(place, fix);
  const metres = Math.hypot(east, north);
  const share = RADIUS / Math.max(far, metres);
  return [east * share, -north * share, metres];
}

// The way around a ring of [longitude, latitude], where it lies.
function line(ring, fix, scale) {
  const points = ring.map(([longitude, latitude]) => {
    const [east, north] = offset({ longitude, latitude }, fix);
    return `${(east * scale).toFixed(1)},${(-north * scale).toFixed(1)}`;
  });
  return `M${points.join("L")}Z`;
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
