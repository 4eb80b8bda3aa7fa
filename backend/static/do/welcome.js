// The first screen: the team and purpose of a code, and the costs of a test, before any consent.
import { request } from "./api.js";
import { isIos } from "./browser.js";
import { isTeamCode, normalizeCode } from "./codes.js";
import { dataCap } from "./measurement.js";
import { element, language, number, onSubmit, place, showFault, translate, whileBusy } from "./texts.js";

// Whether the page was opened from the home screen.
export const standalone = () => matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;

// Show the screen; resolves to the code to join with, empty without one.
export function welcome(addressCode) {
  let code = addressCode;
  const show = async (shownCode) => {
    code = await showCode(shownCode);
    carryCode(code);
  };
  element("add-home").hidden = !isIos || standalone();
  dataCap().then((most) => {
    element("welcome-data").textContent = translate("costData", { most: number(most) });
  });
  element("welcome").hidden = false;
  let shown = show(code);
  onSubmit(element("enter-code"), async ({ code: input }) => {
    const typed = normalizeCode(input.value);
    showFault(input, typed ? "" : translate("needCode"));
    if (!typed) return;
    shown = show(typed);
    await shown;
    leadToFound();
  });
  return new Promise((resolve) => {
    const goOn = async () => {
      await shown;
      const typed = normalizeCode(element("code").value);
      if (typed && typed !== code && typed !== element("code-problem").dataset.of) {
        shown = show(typed);
        await shown;
        // What was found is shown first; the next press goes on.
        if (leadToFound()) return;
      }
      element("welcome").hidden = true;
      resolve(code);
    };
    element("go-on").addEventListener("click", ({ currentTarget }) => whileBusy(currentTarget, goOn));
  });
}

// What was found of a typed code stands above the field, on phones above the screen. False if nothing was.
function leadToFound() {
  const title = ["code-problem", "invited-by"].findIndex((id) => !element(id).hidden);
  if (title < 0) return false;
  element(["code-problem-title", "welcome-title"][title]).focus();
  return true;
}

// Show the team of a code, or why it cannot be used. Returns the code, empty if it cannot be used.
async function showCode(code) {
  showTeam(null);
  showProblem(null, code);
  if (!code) return code;
  const ofTeam = isTeamCode(code); // else a pass of another phone
  const answer = await request("POST", ofTeam ? "join-codes/check" : "passes/check", { code }, { language });
  const unusable = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
  if (unusable) showProblem(answer, code);
  else if (answer.ok && ofTeam) showTeam(answer);
  else if (answer.ok) showPass(answer);
  return unusable ? "" : code; // without an answer it is used, and checked, after the consent
}

// Fill one of the texts of a node; without values the plain one.
function fill(id, name, values) {
  const node = element(id);
  node.dataset.plain ??= node.textContent;
  node.textContent = values ? node.dataset[name].replace(/\{(\w+)\}/g, (_, key) => values[key]) : node.dataset.plain;
}

// What a phone that is not registered yet would become: a guest for a day, or the phone that shows the code.
function showPass({ kind, teams, hours }) {
  const isMove = kind === "move";
  const team = teams.join(", ") || translate("noTeamShort");
  if (isMove) fill("welcome-title", "move", {});
  fill("welcome-purpose", isMove ? "move" : "guest", { team, hours: hours && number(hours) });
  element("invited-by").hidden = !teams.length;
  element("invited-by").lastElementChild.textContent = team;
}

function showTeam(invitation) {
  const area = invitation?.areas.length && invitation.areas.length < 3 ? invitation.areas.map(place).join(", ") : "";
  fill("welcome-title", "withArea", area && { area });
  fill("welcome-purpose", "withTeam", invitation && { team: invitation.team.name });
  const by = element("invited-by");
  by.hidden = !invitation;
  by.lastElementChild.textContent = invitation ? `${invitation.team.name} · ${invitation.campaign.name}` : "";
  if (!invitation) return;
  element("other-code").open = false;
  element("code").value = "";
}

// A code that cannot be used: why, and the way on without it. Posters that are no longer valid lead here.
function showProblem(problem, code) {
  const section = element("code-problem");
  const go = element("go-on");
  go.dataset.plain ??= go.textContent;
  section.hidden = !problem;
  section.dataset.of = problem ? code : "";
  go.textContent = problem ? go.dataset.without : go.dataset.plain;
  if (!problem) return;
  element("code-problem-why").textContent = problem.title ?? "";
  showOrganiser(problem.organiser);
  element("other-code").open = true;
}

// Old posters lead to their organiser, whose telephone number is read as 0912 345 678.
function showOrganiser(organiser) {
  const ask = element("code-problem-ask");
  ask.hidden = !organiser?.telephone;
  if (ask.hidden) return;
  const link = document.createElement("a");
  link.className = "strong";
  link.href = `tel:${organiser.telephone}`;
  link.textContent = organiser.telephone.replace(/^\+84/, "0").replace(/^(\d+)(\d{3})(\d{3})$/, "$1 $2 $3");
  ask.querySelector("span").replaceChildren(`${organiser.name} `, link);
}

// The storage of a page on the home screen of an iPhone is not that of its tab: a consent given there would be asked
// for again, and the code of the team. Its start address is that of the manifest, which gets the code.
function carryCode(code) {
  const carried = isIos && isTeamCode(code);
  element("home-code").hidden = !carried;
  const link = document.querySelector("link[rel=manifest]");
  const address = new URL(link.href);
  if (carried) address.searchParams.set("code", code);
  else address.searchParams.delete("code");
  if (address.href !== link.href) link.href = address.href;
}
