// Where to measure next: the own commune first, within a radius that the person chooses, as a list and on
// a small map with north up.
import { request } from "./api.js";
import { isIos } from "./browser.js";
import { placesOfToday } from "./journey.js";
import { outlineOf, outlinesOf } from "./outline.js";
import { saveSetting, setting } from "./store.js";
import { create, distance, element, number, place, time, translate, translatePlural } from "./texts.js";

const MAX_SPOTS = 4;
const MAX_UNITS = 4;
const RADIUS = 90; // of the map, in SVG units
// Of a label on the map: the width of a letter and the height of a line.
const [LETTER, LINE] = [4, 10];
const METRES_A_DEGREE = 111_320;
// A walk, if nothing was chosen: nobody is sent far without asking for it.
const WALK_M = 2_000;

export const radius = async () => (await setting("radius")) ?? WALK_M;

// Without a position the server answers with the team's assignments, with one also with places nearby.
// The answer is stored, so that it can be shown offline. Returns the fresh answer, null without one.
export async function showNext(fix, network, inTeam) {
  const most = await radius();
  for (const choice of element("radius").querySelectorAll("input")) choice.checked = Number(choice.value) === most;
  const fetched = await fetchNext(fix, network, inTeam, most);
  const next = fetched ?? (await setting("next"));
  if (!next) return null;
  if (fetched) await saveSetting("next", { ...next, at: Date.now() });
  const { around, assignments } = next;
  const from = fix ?? next.fix; // offline without a position: the stored one
  const spots = (around.spots ?? []).slice(0, MAX_SPOTS);
  const lacking = (around.nearby ?? []).filter((one) => one.within && toGo(one)).slice(0, MAX_UNITS);
  const goals = assignments.map((one) => ({ ...one, distance_m: from && one.latitude !== null ? metresTo(one, from) : null }));
  const [near, far] = [goals.filter((one) => isNear(one, around, most)), goals.filter((one) => !isNear(one, around, most))];
  const nothing = !(near.length || spots.length || lacking.length);
  element("here").textContent = areaSummary(around, next.at, nothing);
  element("spots").replaceChildren(
    ...near.map((one) => assignmentItem(one, one.unit.code === around.unit?.code)),
    ...spots.map((spot) => spotItem(spot, from)),
    ...lacking.map((unit) => unitItem(unit, from)),
  );
  element("far").hidden = !far.length;
  element("far-spots").replaceChildren(...far.map((one) => assignmentItem(one)));
  showWay(around, fix, { spots, goals: near, lacking });
  await drawAll({ spots, goals: near, from, most, around });
  return fetched && around;
}

// The own commune, or within the radius; places of unknown distance too.
const isNear = ({ unit, distance_m: metres }, around, most) =>
  unit.code === around.unit?.code || metres === null || metres <= most;

// Null without an answer.
async function fetchNext(fix, network, inTeam, most) {
  const teams = inTeam ? await request("GET", nextPath(null, network, most)) : { ok: false };
  const around = fix ? await request("GET", nextPath(fix, network, most)) : teams;
  if (!around.ok && !teams.ok) return null;
  const assignments = (teams.assignments ?? []).flatMap((one) => one.items);
  return { around, assignments, fix: fix && { latitude: fix.latitude, longitude: fix.longitude } };
}

// Whether a test at a position would count, of the server; null without an answer.
export const askHere = async (fix, network) => (await request("GET", nextPath(fix, network, await radius()))).here ?? null;

function nextPath(fix, network, most) {
  const fixed = ["wifi", "ethernet"].includes(network?.kind);
  const query = new URLSearchParams({ network: fixed ? "fixed" : "mobile", radius_m: most });
  if (network?.operator) query.set("operator", network.operator);
  if (fix) {
    query.set("latitude", fix.latitude.toFixed(5));
    query.set("longitude", fix.longitude.toFixed(5));
    query.set("accuracy_m", Math.ceil(fix.accuracy));
  }
  return `next?${query}`;
}

// The place to go to next, below the button: the first where a test is no repeat; where nothing is lacking, more
// people help, or a neighbour.
function showWay({ unit, nearby = [], here }, fix, { spots, goals, lacking }) {
  const way = element("way");
  const isFree = (one) => !(here?.circles ?? []).some((own) => metresTo(own, one) < own.radius_m);
  const [spot] = spots.filter(isFree);
  const full = unit && missing(unit) === 0 && !spots.length && !goals.length && !lacking.length;
  way.classList.toggle("full", full);
  if (spot) way.replaceChildren(spotItem(spot, fix));
  else if (lacking.length) way.replaceChildren(unitItem(lacking[0], fix));
  else way.replaceChildren(...(full ? [fullItem(nearby.find(toGo))] : []));
}

function fullItem(unit) {
  const { full, fullAlone } = element("way").dataset;
  const row = create("li", "wait", unit ? `${full.replace("{unit}", place(unit.name))} ` : fullAlone);
  if (unit) row.append(directionsLink(unit));
  return row;
}

function areaSummary({ unit, note }, at, nothing) {
  const when = at ? ` ${translate("asOf", { time: time(at) })}` : "";
  if (!unit) return (note?.message ?? "") + when;
  const rest = note?.message ?? (nothing ? translate("noSpots") : "");
  return (rest ? `${counts(unit)}. ${rest}` : `${counts(unit)}.`) + when;
}

function counts(unit) {
  if (unit.counted === null) return unit.name; // the counts wait for approval
  // The count is the same for everybody at its time; what this phone added since stands beside it.
  const values = { unit: unit.name, counted: number(unit.counted), time: time(unit.as_of) };
  const own = unit.own_since ? `, ${translate("ownSince", { n: number(unit.own_since) })}` : "";
  if (unit.target === null) return translatePlural("hereNoTarget", unit.counted, values) + own;
  return translatePlural(unit.shortfall ? "here" : "hereReached", unit.target, values) + own + byTable(unit);
}

// Where VNNIC's count steers, what its table lacks; what was measured since its day is not asked for again.
const missing = ({ vnnic, shortfall }) => (vnnic ? vnnic.missing : shortfall);
const toGo = (unit) => Math.max(0, missing(unit) - (unit.vnnic?.measured_since ?? 0));

function byTable({ vnnic }) {
  if (!vnnic) return "";
  const [, month, day] = vnnic.day.split("-");
  return `. ${translate(vnnic.samples === null ? "vnnicFew" : "vnnicHas", { n: number(vnnic.samples ?? 0), day: `${day}/${month}`, missing: number(vnnic.missing), since: number(vnnic.measured_since) })}`;
}

function assignmentItem(item, standsHere = false) {
  const away = item.distance_m && !standsHere ? ` (${distance(item.distance_m)})` : "";
  const left = item.samples - (item.done ?? 0);
  const text = left ? translatePlural("assigned", left, { unit: item.unit.name }) : translatePlural("assignedDone", item.samples, { unit: item.unit.name });
  const row = create("li", left ? "wait" : "good", text + away);
  if (item.latitude !== null && !standsHere) row.append(" ", directionsLink(item));
  row.append(...(item.places ?? []).map(remeasureLine)); // stored answers of an older server have none
  return row;
}

// A place whose office asks for a second measurement.
function remeasureLine({ name, operator, position }) {
  const line = create("div", "", translate(operator ? "measureAgain" : "measureAgainAll", { name, operator }));
  if (position) line.append(" ", directionsLink(position));
  return line;
}

function spotItem(spot, fix) {
  const where = translate("spot", { distance: distance(spot.distance_m), direction: fix ? direction(spot, fix) : "" });
  const row = create("li", spot.samples === "none" ? "bad" : "wait", `${where}: ${translate(spot.samples === "none" ? "spotNone" : "spotFew")} `);
  row.append(directionsLink(spot));
  return row;
}

function unitItem(unit, fix) {
  const where = translate("spot", { distance: distance(unit.distance_m), direction: fix ? direction(unit, fix) : "" });
  const row = create("li", "wait", `${translatePlural("unitLacks", toGo(unit), { unit: unit.name })}. ${where} `);
  row.append(directionsLink(unit));
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

export const metresTo = (place, fix) => Math.hypot(...offset(place, fix));

function direction(spot, fix) {
  const [east, north] = offset(spot, fix);
  const eighth = Math.round((Math.atan2(east, north) / (2 * Math.PI)) * 8 + 8) % 8;
  return translate("compassPoints").split(",")[eighth];
}

let drawn = null;

// Draw what is known at once, and again with the borders of the commune and of its neighbours.
async function drawAll(view) {
  await draw(view, [], []);
  const outline = await outlineOf(view.around);
  if (outline.length) await draw(view, outline, []);
  const neighbours = await outlinesOf(view.around);
  if (neighbours.length) await draw(view, outline, neighbours);
}

// Draw the places of today again.
export async function redraw() {
  if (drawn) await draw(...drawn);
}

// The radius, or the way to the furthest place of today, fills the map; the borders around show where it is.
async function draw(view, outline, neighbours) {
  drawn = [view, outline, neighbours];
  const { spots, goals, most, around } = view;
  const ofToday = await placesOfToday();
  const from = view.from ?? ofToday[0];
  const shown = from && (around.unit || ofToday.length);
  const map = element("map");
  map.toggleAttribute("hidden", !shown);
  if (!shown) return;
  const scale = RADIUS / Math.max(most, ...ofToday.map((one) => metresTo(one, from)));
  const borders = neighbours.map(({ rings }) => shape("path", { class: "neighbour", d: path(rings, from, scale) }));
  const own = shape("path", { class: "border", d: path(outline, from, scale) });
  const dots = spots.map((spot) => {
    const [x, y] = onMap(spot, from, scale);
    return shape("circle", { cx: x, cy: y, r: 5, class: `spot ${spot.samples}` });
  });
  const aims = goals.filter((goal) => goal.latitude !== null).map((goal) => {
    const [x, y] = onMap(goal, from, scale);
    return shape("rect", { x: x - 6, y: y - 6, width: 12, height: 12, rx: 2, class: "goal" });
  });
  const places = (around.nearby ?? []).map((unit) => [...onMap(unit, from, scale), unit.name]);
  const marks = ofToday.map((one) => placeMark(one, ...onMap(one, from, scale)));
  const names = placed([[0, -98, around.unit?.name ?? ""], [0, 0, translate("you")]], places);
  const reach = most * scale;
  const ring = shape("circle", { r: reach, class: "ring" });
  const half = shape("circle", { r: reach / 2, class: "ring" });
  const scales = [label(0, reach / 2 - 3, distance(most / 2)), label(0, reach - 3, distance(most))];
  const you = view.from ? [shape("circle", { r: 4.5, class: "you" }), label(0, 14, translate("you"), "name")] : [];
  const title = label(0, -98, around.unit?.name ?? "", "own-name");
  map.replaceChildren(...borders, own, half, ring, ...aims, ...dots, ...marks, ...names, ...scales, ...you, title);
}

// A sample is a dot, a place without a connection a cross.
const CROSS = "M-5,-5L5,5M-5,5L5,-5";

function placeMark({ kind }, x, y) {
  if (kind.startsWith("gap")) return shape("path", { d: CROSS, transform: `translate(${x} ${y})`, class: kind });
  return shape("circle", { cx: x, cy: y, r: 4, class: kind });
}

function onMap(place, fix, scale) {
  const [east, north] = offset(place, fix);
  return [east * scale, -north * scale];
}

// Labels of the places on the map, without those that would cover another one.
function placed(taken, places) {
  const labels = [];
  for (const [x, y, text] of places) {
    const half = (text.length * LETTER) / 2;
    const hidden = Math.abs(x) + half > 108 || Math.abs(y) > 100;
    const covers = ([otherX, otherY, other]) =>
      Math.abs(y - otherY) < LINE && Math.abs(x - otherX) < half + (other.length * LETTER) / 2;
    if (hidden || taken.some(covers)) continue;
    taken.push([x, y, text]);
    labels.push(label(x, y, text, "name"));
  }
  return labels;
}

// The SVG path of rings of [longitude, latitude].
function path(rings, fix, scale) {
  return rings
    .map((ring) => {
      const points = ring.map(([longitude, latitude]) => {
        const [x, y] = onMap({ longitude, latitude }, fix, scale);
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      });
      return `M${points.join("L")}Z`;
    })
    .join("");
}

function shape(kind, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function label(x, y, text, kind = "") {
  const node = shape("text", { x, y, class: kind });
  node.textContent = text;
  return node;
}
