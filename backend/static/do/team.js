// The teams of this phone: samples of the day, joining and leaving.
import { request } from "./api.js";
import { isTeamCode, normalizeCode } from "./codes.js";
import { useCode } from "./consent.js";
import { showName } from "./display-name.js";
import { adopt, showPhones } from "./phones.js";
import { samples, saveSetting, setting } from "./store.js";
import { create, dayAndTime, element, fill, number, onSubmit, showFault, showMessage, translate, translatePlural } from "./texts.js";

let present = []; // the teams as last told

export const hasTeam = () => present.length > 0;

// Returns the teams of this phone with their day, none without an answer.
export async function showTeams() {
  const answer = await request("GET", "memberships/today");
  if (!answer.ok) {
    if (!element("teams").children.length) element("teams").append(create("li", "hint", translate("teamLater")));
    element("team-names").textContent = (await setting("teamNames")) ?? ""; // as last told
    return [];
  }
  present = answer.items;
  const rows = present.map((one) => {
    const row = create("li");
    row.append(create("strong", "", one.team.name), create("small", "", one.campaign.name));
    row.append(create("span", "", translatePlural("teamDay", one.counted)));
    row.append(leaveButton(one));
    return row;
  });
  element("teams").replaceChildren(...(rows.length ? rows : [create("li", "hint", translate("noTeam"))]));
  const names = answer.items.map((one) => one.team.name).join(", ");
  element("team-names").textContent = names || translate("noTeamShort");
  await saveSetting("teamNames", names);
  const join = element("join-summary");
  join.textContent = rows.length ? join.dataset.other : join.dataset.first;
  await showRemoval(answer.removed);
  await showName(rows.length > 0);
  showPhones(answer.items);
  return answer.items;
}

function leaveButton(one) {
  const button = create("button", "button link", translate("leave"));
  button.type = "button";
  button.addEventListener("click", () => leaveTeam(one));
  return button;
}

// Leave a team if the person confirms it; whether they left.
export async function leaveTeam({ membership_id: id, team }) {
  element("leave-text").textContent = translate("leaveConfirm", { team: team.name });
  if ((await dialogResult(element("leave"))) !== "leave") return false;
  const answer = await request("DELETE", `memberships/${id}`);
  if (!answer.ok) {
    showMessage(answer.title ?? translate("unreachable"));
    return false;
  }
  dropCode();
  await showTeams();
  showMessage(translate("left", { team: team.name }), "good");
  return true;
}

const unread = async (removed) => {
  const read = (await setting("removalsRead")) ?? [];
  return removed.filter((one) => !read.includes(one.membership_id));
};

// Say by which team this person was removed and whom to ask, until that is read.
async function showRemoval(removed) {
  const [one] = await unread(removed);
  element("removed").hidden = !one;
  if (!one) return;
  dropCode();
  const asked = [one.organiser, one.telephone].filter(Boolean).join(", ");
  const values = { team: one.team.name, time: dayAndTime(one.at), asked };
  element("removed-text").textContent = translate(one.keeps_samples ? "removed" : "removedAll", values);
  element("removed-read").onclick = async () => {
    await saveSetting("removalsRead", [...((await setting("removalsRead")) ?? []), one.membership_id]);
    await showRemoval(removed);
  };
}

// The code of the address would join again at the next start.
const dropCode = () => history.replaceState(null, "", location.pathname + location.search);

// Join by the code of an address, as of a poster; asks first if that is a further campaign. Who was removed reads so
// before the same code joins again.
export async function joinByAddress(code) {
  const { items = [], removed = [] } = await request("GET", "memberships/today");
  present = items;
  const out = await unread(removed);
  if (!(present.length || out.length) || !isTeamCode(code)) return joinTeam(code);
  const { ok, campaign, team: wanted } = await request("POST", "join-codes/check", { code });
  if (ok && out.some((one) => one.team.id === wanted.id)) return { ok: false, status: 200, code: "declined" };
  if (!present.length) return joinTeam(code);
  if (!ok || present.some((one) => one.campaign.id === campaign.id)) return joinTeam(code);
  const current = present.map((one) => one.team.name).join(", ");
  fill("further-text", { current, wanted: wanted.name, campaign: campaign.name });
  if ((await dialogResult(element("further"))) !== "join") return { ok: false, status: 200, code: "declined" };
  return joinTeam(code);
}

// Join by a code; confirm first if that means leaving another team, or taking another phone's place.
export async function joinTeam(code) {
  const before = present.map((one) => one.membership_id);
  let answer = await useCode(code);
  let isMove = false;
  if (answer.code === "moves_phone" && (await confirmPhone(answer))) {
    answer = await useCode(code, true);
    if (answer.ok) await adopt(answer);
    isMove = true;
  }
  if (answer.code === "other_team" && (await confirmMove(answer))) answer = await useCode(code, true);
  const team = answer.team?.name ?? answer.memberships?.[0]?.team.name;
  if (answer.ok) await showTeams();
  // Not of a team that the person was in before, nor of a campaign that is over.
  const isNew = isMove || present.some((one) => !before.includes(one.membership_id));
  if (answer.ok && isNew) showMessage(isMove ? translatePlural("movedHere", (await samples()).length, { team }) : translate("joined", { team }), "good");
  return answer;
}

async function confirmMove({ current, wanted }) {
  const name = (one) => one?.team?.name ?? one?.name ?? "";
  element("move-text").textContent = translate("moveConfirm", { current: name(current), wanted: name(wanted) });
  return (await dialogResult(element("move"))) === "move";
}

async function confirmPhone({ display_name: name, teams }) {
  fill("take-text", { teams: teams.join(", "), name: name ?? translate("noName") });
  return (await dialogResult(element("take"))) === "take";
}

// Show a dialog and resolve to the value of the button that closed it.
export function dialogResult(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }));
}

export function listen() {
  onSubmit(element("join"), async ({ code: input }) => {
    const code = normalizeCode(input.value);
    if (!code) return showFault(input, translate("needCode"));
    const answer = await joinTeam(code);
    showFault(input, answer.ok ? "" : (answer.title ?? translate("unreachable")));
    if (answer.ok) input.value = "";
  });
}
