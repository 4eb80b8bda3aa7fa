// The team's day, and another team.
import { ask } from "./api.js";
import { plainCode, useCode } from "./consent.js";
import { showName } from "./name.js";
import { counted, element, made, number, say, words } from "./words.js";

// Whether the phone is in a team.
export async function showTeams() {
  const answer = await ask("GET", "memberships/today");
  if (!answer.ok) {
    if (!element("teams").children.length) element("teams").append(made("li", "hint", words("teamLater")));
    return false;
  }
  const rows = answer.items.map((one) => {
    const row = made("li");
    row.append(made("strong", "", one.team.name), made("small", "", one.campaign.name));
    row.append(made("span", "", counted("teamDay", one.counted, { received: number(one.received) })));
    row.append(leaving(one));
    return row;
  });
  element("teams").replaceChildren(...(rows.length ? rows : [made("li", "hint", words("noTeam"))]));
  await showName(rows.length > 0);
  return rows.length > 0;
}

function leaving({ membership_id: id, team }) {
  const button = made("button", "button link", words("leave"));
  button.type = "button";
  button.addEventListener("click", async () => {
    element("leave-words").textContent = words("leaveSure", { team: team.name });
    if ((await answered(element("leave"))) !== "leave") return;
    const answer = await ask("DELETE", `memberships/${id}`);
    if (answer.ok) await showTeams();
    else say(answer.title ?? words("unreachable"));
  });
  return button;
}

// Join by a code; where that means leaving another team, the person is asked.
export async function joinTeam(code) {
  let answer = await useCode(code);
  if (answer.code === "other_team" && (await moves(answer))) answer = await useCode(code, true);
  const team = answer.team?.name ?? answer.memberships?.[0]?.team.name;
  if (answer.ok && team) say(words("joined", { team }));
  if (answer.ok) await showTeams();
  return answer;
}

async function moves({ current, wanted }) {
  const name = (one) => one?.team?.name ?? one?.name ?? "";
  element("move-words").textContent = words("moved", { current: name(current), wanted: name(wanted) });
  return (await answered(element("move"))) === "move";
}

// The value of the button with which a dialog was closed.
export function answered(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }));
}

export function listen() {
  element("join").addEventListener("submit", async (event) => {
    event.preventDefault();
    const input = event.target.elements.code;
    const code = plainCode(input.value);
    if (!code) return;
    const answer = await joinTeam(code);
    element("join-fault").textContent = answer.ok ? "" : (answer.title ?? words("unreachable"));
    if (answer.ok) input.value = "";
  });
}
