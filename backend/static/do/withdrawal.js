// The withdrawal code, and what this person may take back: teams, the name, positions, or all.
import { request } from "./api.js";
import { changeName } from "./display-name.js";
import { describeAll } from "./figures.js";
import { clearAll, saveSetting, setting } from "./store.js";
import { dialogResult, leaveTeam, showTeams } from "./team.js";
import { create, dayAndTime, element, fill, number, showMessage, translate, whileBusy } from "./texts.js";

// What each act would change, as the server says; null without an answer.
let effects = null;

// Show the code in its fold, which asks to keep it until that is done.
export async function showCode() {
  const code = (await setting("withdrawal")) ?? "";
  element("withdrawal-code").textContent = code;
  const kept = !code || Boolean(await setting("codeKept"));
  element("keep-code").hidden = element("kept").hidden = kept;
  element("kept").addEventListener("click", async () => {
    await saveSetting("codeKept", true);
    element("keep-code").hidden = element("kept").hidden = true;
  });
}

export function listen() {
  const fold = element("privacy");
  fold.addEventListener("toggle", () => fold.open && showActs());
  element("hide-name").addEventListener("click", ({ currentTarget }) =>
    whileBusy(currentTarget, async () => {
      await changeName(null);
      await showActs();
    }),
  );
  element("remove-positions").addEventListener("click", removePositions);
  element("withdraw").addEventListener("click", withdraw);
}

// Each act with its figures, before the decision.
async function showActs(answer = null) {
  answer ??= await request("GET", "devices/me/withdrawal");
  effects = answer.ok ? answer : null;
  const teams = await showTeams();
  element("act-teams").replaceChildren(...teams.map(leaveRow));
  element("act-name").hidden = !effects?.display_name;
  element("acts-unknown").hidden = Boolean(effects);
  if (!effects) return;
  fill("act-name-text", { name: effects.display_name });
  showPositions();
  describeAll("act-all", effects);
}

function leaveRow(one) {
  const stay = effects?.teams.find(({ team, campaign }) => team.id === one.team.id && campaign.id === one.campaign.id);
  const row = create("li");
  const { text, button } = element("act-teams").dataset;
  const values = { team: one.team.name, n: number(stay?.counted ?? 0) };
  const fit = (words) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const press = create("button", "button plain", fit(button));
  press.type = "button";
  press.addEventListener("click", async () => {
    if (await leaveTeam(one)) await showActs();
  });
  row.append(press, create("span", "hint", fit(text)));
  return row;
}

function showPositions() {
  const { positions_now: now, positions_later: later, positions_until: until, without_positions_since: since } = effects;
  // Of a phone that measured in the last week alone nothing goes at once.
  const { dataset } = element("act-positions-text");
  dataset.text = now || !later ? dataset.now : dataset.later;
  for (const id of ["act-positions-text", "sure-positions-text"]) {
    fill(id, { now: number(now), later: number(later), until: until ? dayAndTime(until) : "–" });
  }
  element("act-positions-text").hidden = element("remove-positions").hidden = Boolean(since);
  element("act-positions-done").hidden = !since;
  if (since) fill("act-positions-done", { later: number(later), until: until ? dayAndTime(until) : "–" });
}

async function removePositions({ currentTarget }) {
  if ((await dialogResult(element("sure-positions"))) !== "yes") return;
  const answer = await whileBusy(currentTarget, () => request("DELETE", "devices/me/positions"));
  if (answer.ok) await showActs(answer);
  else showMessage(answer.title ?? translate("unreachable"));
}

async function withdraw() {
  if (effects) describeAll("sure", effects);
  if ((await dialogResult(element("sure"))) !== "yes") return;
  const answer = await whileBusy(element("withdraw"), () => request("DELETE", "devices/me"));
  if (!answer.ok && answer.status !== 401) return showMessage(answer.title ?? translate("unreachable"));
  if (effects) {
    fill("ended-recent", { n: number(effects.recent_counted) });
    fill("ended-older", { n: number(effects.older) });
    element("ended-older").parentElement.hidden = !effects.older;
  }
  await clearAll();
  showMessage("");
  for (const id of ["measuring", "after"]) element(id).hidden = true;
  element("do").classList.remove("ready");
  element("ended").hidden = false;
  element("ended-title").focus();
  scrollTo(0, 0);
}
