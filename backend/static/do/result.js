// The surroundings of a result: how it compares, the progress of the commune, and the team's day.
import { request } from "./api.js";
import { setting } from "./store.js";
import { create, element, number, place, showMessage, translate, translatePlural } from "./texts.js";

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
  element("ring").toggleAttribute("hidden", !known);
  const [team] = teams;
  element("team-day").hidden = !team;
  if (team) element("team-day").textContent = translatePlural("teamDayShort", team.counted, { team: team.team.name });
  await showNeeds(unit);
  element("goal-demo").hidden = !known || !demo;
  if (!known) return null;
  const share = Math.min(1, unit.counted / unit.target);
  element("ring-filled").setAttribute("stroke-dasharray", `${(share * 100).toFixed(1)} 100`);
  element("ring-share").textContent = percentOf(share);
  element("ring").classList.toggle("good", share >= 1);
  return { code: unit.code, name: unit.name, counted: unit.counted, asOf: unit.as_of, target: unit.target, share, team: team?.team.name ?? null, demo: Boolean(demo) };
}

// What the team's plan of today still asks for here.
async function showNeeds(unit) {
  const { assignments = [] } = (await setting("next")) ?? {};
  const planned = assignments.filter((one) => one.unit.code === unit?.code);
  element("team-needs").hidden = !planned.length;
  const left = planned.reduce((sum, one) => sum + one.samples - (one.done ?? 0), 0);
  element("team-needs").textContent = left ? translatePlural("teamNeeds", left) : translate("teamNeedsNone");
}

// Whole percents, rounded down: the target is reached at 100.
export const percentOf = (share) => (share > 0 && share < 0.01 ? "<1%" : `${number(Math.floor(share * 100))}%`);

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
