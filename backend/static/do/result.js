// The surroundings of a result: how it compares, the progress of the commune, and the team's day.
import { request } from "./api.js";
import { metresTo } from "./next-place.js";
import { setting } from "./store.js";
import { create, distance, element, number, place, showMessage, translate, translatePlural } from "./texts.js";

// Compare with speeds that are published, of the commune or its province; nothing where none are.
export async function showComparison({ body, answer }) {
  const line = element("compared");
  line.hidden = true;
  const unit = answer?.unit;
  if (!unit || body.status !== "finished" || body.source === "manual") return null;
  const query = new URLSearchParams({
    download_mbps: body.download_mbps,
    network: body.network.kind === "mobile" ? "mobile" : "fixed",
  });
  const found = await request("GET", `units/${unit.code}/comparison?${query}`);
  if (!found.ok || !found.unit) return null;
  const slower = found.percent_below;
  const key = slower >= 50 ? "fasterThan" : "slowerThan";
  const percent = `${number(slower >= 50 ? slower : 100 - slower)}%`;
  const month = found.month.split("-").reverse().join("/");
  line.replaceChildren(scale(slower), create("span", "", translate(key, { percent, unit: place(found.unit.name), month })));
  if (found.demo) line.append(" ", create("span", "tag demo", translate("demo")));
  line.hidden = false;
  return { text: line.querySelector(":scope > span").textContent, demo: found.demo };
}

// Ten bars of growing height, the place of the sample marked: text says the same.
function scale(percent) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 32");
  svg.setAttribute("class", "scale");
  svg.setAttribute("aria-hidden", "true");
  for (let at = 0; at < 10; at += 1) {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const height = 8 + at * 2.4;
    for (const [name, value] of Object.entries({ x: at * 10, y: 32 - height, width: 8, height, rx: 1.5 })) bar.setAttribute(name, value);
    if (at < Math.round(percent / 10)) bar.setAttribute("class", "below");
    svg.append(bar);
  }
  return svg;
}

// The progress of the commune of `next` and the part of the teams of today. Returns what the share picture needs.
export async function showProgress(here, teams) {
  const { unit, demo } = here ?? {};
  const known = unit && unit.counted !== null && unit.target;
  const share = known && Math.min(1, unit.counted / unit.target);
  element("ring").toggleAttribute("hidden", !hasRing(share));
  const [team] = teams;
  element("team-day").hidden = !team;
  if (team) element("team-day").textContent = translatePlural("teamDayShort", team.counted, { team: team.team.name });
  await showNeeds(unit);
  element("goal-demo").hidden = !known || !demo;
  if (!known) return null;
  element("ring-filled").setAttribute("stroke-dasharray", `${(share * 100).toFixed(1)} 100`);
  element("ring-share").textContent = percentOf(share);
  element("ring").classList.toggle("good", share >= 1);
  return { code: unit.code, name: unit.name, counted: unit.counted, asOf: unit.as_of, target: unit.target, share, team: team?.team.name ?? null, demo: Boolean(demo) };
}

// What the team's plan of today still asks for here; where that is done, the nearest place that still lacks.
async function showNeeds(unit) {
  const { assignments = [], fix } = (await setting("next")) ?? {};
  const planned = assignments.filter((one) => one.unit.code === unit?.code);
  element("team-needs").hidden = !planned.length;
  const left = planned.reduce((sum, one) => sum + one.samples - (one.done ?? 0), 0);
  element("team-needs").textContent = left ? translatePlural("teamNeeds", left) : needsElsewhere(assignments, fix);
}

function needsElsewhere(assignments, fix) {
  const lacking = assignments.filter((one) => one.samples > (one.done ?? 0));
  const away = (one) => (fix && one.latitude !== null ? metresTo(one, fix) : Infinity);
  const [nearest] = lacking.sort((one, other) => (away(one) < away(other) ? -1 : 1));
  if (!nearest) return translate("teamNeedsNone");
  const way = away(nearest) < Infinity ? ` (${distance(away(nearest))})` : "";
  return translate("teamNeedsElsewhere", { n: number(nearest.samples - (nearest.done ?? 0)), unit: place(nearest.unit.name) + way });
}

// Below one percent a ring shows nothing.
export const hasRing = (share) => share >= 0.01;

// Whole percents, rounded down: the target is reached at 100.
export const percentOf = (share) => `${number(Math.floor(share * 100))}%`;

// Offer to share a finished sample, by a script that is loaded when it is wanted. The ways to share were closed as the
// test began.
export function offerSharing({ body }, place, compared) {
  element("share").hidden = body.status !== "finished" || body.source === "manual";
  element("share").onclick = async () => {
    const sharing = await import("./share.js").catch(() => null);
    if (sharing) await sharing.openSharing(body, place, compared);
    else showMessage(translate("unreachable"));
  };
}
