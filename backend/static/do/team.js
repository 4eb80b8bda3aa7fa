// The teams of this phone: samples of the day, joining and leaving.
import { request } from "./api.js";
import { normalizeCode } from "./codes.js";
import { useCode } from "./consent.js";
import { showName } from "./display-name.js";
import { create, element, number, onSubmit, showFault, showMessage, translate, translatePlural } from "./texts.js";

// Returns the teams of this phone with their day, none without an answer.
export async function showTeams() {
  const answer = await request("GET", "memberships/today");
  if (!answer.ok) {
    if (!element("teams").children.length) element("teams").append(create("li", "hint", translate("teamLater")));
    return [];
  }
  const rows = answer.items.map((one) => {
    const row = create("li");
    row.append(create("strong", "", one.team.name), create("small", "", one.campaign.name));
    row.append(create("span", "", translatePlural("teamDay", one.counted, { received: number(one.received) })));
    row.append(leaveButton(one));
    return row;
  });
  element("teams").replaceChildren(...(rows.length ? rows : [create("li", "hint", translate("noTeam"))]));
  element("team-names").textContent = answer.items.map((one) => one.team.name).join(", ") || translate("noTeamShort");
  const join = element("join-summary");
  join.textContent = rows.length ? join.dataset.other : join.dataset.first;
  await showName(rows.length > 0);
  return answer.items;
}

function leaveButton({ membership_id: id, team }) {
  const button = create("button", "button link", translate("leave"));
  button.type = "button";
  button.addEventListener("click", async () => {
    element("leave-text").textContent = translate("leaveConfirm", { team: team.name });
    if ((await dialogResult(element("leave"))) !== "leave") return;
    const answer = await request("DELETE", `memberships/${id}`);
    if (answer.ok) await showTeams();
    else showMessage(answer.title ?? translate("unreachable"));
  });
  return button;
}

// Join by a code; confirm first if that means leaving another team.
export async function joinTeam(code) {
  let answer = await useCode(code);
  if (answer.code === "other_team" && (await confirmMove(answer))) answer = await useCode(code, true);
  const team = answer.team?.name ?? answer.memberships?.[0]?.team.name;
  if (answer.ok && team) showMessage(translate("joined", { team }), "good");
  if (answer.ok) await showTeams();
  return answer;
}

async function confirmMove({ current, wanted }) {
  const name = (one) => one?.team?.name ?? one?.name ?? "";
  element("move-text").textContent = translate("moveConfirm", { current: name(current), wanted: name(wanted) });
  return (await dialogResult(element("move"))) === "move";
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
