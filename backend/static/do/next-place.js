// Where to measure next: a list, and a small map with north up.
import { request } from "./api.js";
import { isIos } from "./browser.js";
import { outlineOf } from "./outline.js";
import { saveSetting, setting } from "./store.js";
import { create, distance, element, number, time, translate, translatePlural } from "./texts.js";

const SPOTS_MOST = 6;
const RADIUS = 90; // of the map, in SVG units
const METRES_A_DEGREE = 111_320;

// Without a position the server answers with the team's assignments, with one also with places nearby.
// The answer is stored, so that it can be shown offline.
export async function showNext(fix, network, inTeam) {
  const next = (await fetchNext(fix, network, inTeam)) ?? (await setting("next"));
  if (!next) return;
  if (!next.at) await saveSetting("next", { ...next, at: Date.now() });
  const { around, assignments } = next;
  const spots = (around.spots ?? []).slice(0, SPOTS_MOST);
  const from = fix ?? next.fix; // offline without a position: the stored one
  element("here").textContent = areaSummary(around, next.at);
  element("spots").replaceChildren(...assignments.map(assignmentItem), ...spots.map((spot) => spotItem(spot, from)));
  const goals = assignments.filter((one) => one.latitude !== null);
  draw(spots, goals, from, []);
  const outline = await outlineOf(around);
  if (outline.length) draw(spots, goals, from, outline);
}

// Null without an answer.
async function fetchNext(fix, network, inTeam) {
  const query = new URLSearchParams({ network: network === "wifi" ? "fixed" : "mobile" });
  const teams = inTeam ? await request("GET", `next?${query}`) : { ok: false };
  if (fix) {
    query.set("latitude", fix.latitude.toFixed(5));
    query.set("longitude", fix.longitude.toFixed(5));
  }
  const around = fix ? await request("GET", `next?${query}`) : teams;
  if (!around.ok && !teams.ok) return null;
  const assignments = (teams.assignments ?? []).flatMap((one) => one.items);
  return { around, assignments, fix: fix && { latitude: fix.latitude, longitude: fix.longitude } };
}

function areaSummary({ unit, note, spots }, at) {
  const when = at ? ` ${translate("asOf", { time: time(at) })}` : "";
  if (!unit) return (note?.message ?? "") + when;
  const values = { unit: unit.name, counted: number(unit.counted), shortfall: number(unit.shortfall) };
  const counted = unit.target === null ? translatePlural("hereNoTarget", unit.counted, values) : translatePlural("here", unit.target, values);
  const summary = unit.counted === null ? unit.name : counted; // null: the counts wait for approval
  const rest = note?.message ?? (spots.length ? "" : translate("noSpots"));
  return (rest ? `${summary}. ${rest}` : `${summary}.`) + when;
}

function assignmentItem(item) {
  const row = create("li", "wait", translatePlural("assigned", item.samples, { unit: item.unit.name }));
  if (item.latitude !== null) row.append(" ", directionsLink(item));
  return row;
}

function spotItem(spot, fix) {
  const where = translate("spot", { distance: distance(spot.distance_m), direction: fix ? direction(spot, fix) : "" });
  const row = create("li", spot.samples === "none" ? "bad" : "wait", `${where}: ${translate(spot.samples === "none" ? "spotNone" : "spotFew")} `);
  row.append(directionsLink(spot));
  return row;
}

// A link that opens the maps app of the phone.
function directionsLink({ latitude, longitude }) {
  const link = create("a", "", translate("navigate"));
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
  return translate("compassPoints").split(",")[eighth];
}

// Draw the places nearby, the border of the commune and the team's goals; goals out of range are drawn
// at the edge.
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
  const you = [shape("circle", { r: 4, class: "you" }), label(0, 15, translate("you"))];
  const border = shape("path", { class: "border", d: outline.map((ring) => ringPath(ring, fix, RADIUS / far)).join("") });
  map.replaceChildren(border, ...rings, ...aims, ...dots, ...labels, ...you);
}

// The position of a place on the map, at most at the edge, and its distance in metres.
function onMap(place, fix, far) {
  const [east, north] = offset(place, fix);
  const metres = Math.hypot(east, north);
  const share = RADIUS / Math.max(far, metres);
  return [east * share, -north * share, metres];
}

// The SVG path of a ring of [longitude, latitude].
function ringPath(ring, fix, scale) {
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
