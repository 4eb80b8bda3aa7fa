// Ask for consent, register this phone, and join the team whose code brought the person here.
import { ask } from "./api.js";
import { model, newId, platform } from "./browser.js";
import { keep, setting } from "./store.js";
import { element, language, words } from "./words.js";

export const VERSION = "web-1";
// A team's code has 8 letters; a pass that another phone shows has 12.
const TEAM_CODE = 8;

export const plainCode = (text) => decodeURIComponent(text).toUpperCase().replace(/[^0-9A-Z]/g, "");

// Show the form; it resolves when the phone is registered.
export function agreed(code) {
  const form = element("consent");
  form.elements.code.value = code;
  form.hidden = false;
  return new Promise((resolve) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = element("begin");
      if (button.disabled) return;
      button.disabled = true;
      const fault = element("agree").checked ? await begin(plainCode(form.elements.code.value)) : words("agreeFirst");
      button.disabled = false;
      element("consent-fault").textContent = fault;
      if (fault) return;
      form.hidden = true;
      resolve();
    });
  });
}

// Empty when all went well, else what is wrong.
async function begin(code) {
  const registered = (await setting("token")) ? { ok: true } : await register();
  if (!registered.ok) return registered.title ?? words("unreachableStart");
  if (!code) return "";
  const answer = await useCode(code);
  return answer.ok || answer.code === "other_team" ? "" : (answer.title ?? words("unreachable"));
}

async function register() {
  // The id is kept before it is sent: an answer that is lost is asked for again under the same one.
  const id = (await setting("device")) ?? newId();
  await keep("device", id);
  const consent = { accepted: true, version: element("do").dataset.consent, accepted_at: new Date().toISOString() };
  const told = { id, platform, model: await model(), app_version: VERSION, consent };
  const answer = await ask("POST", "devices", told, { language });
  if (answer.code === "already_registered") {
    await keep("device", newId());
    return register();
  }
  if (!answer.ok) return answer;
  await keep("withdrawal", answer.withdrawal_code);
  await keep("token", answer.token);
  // Used at once: from now on the answer is known to have arrived.
  await ask("GET", "devices/me");
  return answer;
}

// Join by a team's code, or use a pass; with `transfer` another team of the campaign is left.
export function useCode(code, transfer = false) {
  if (code.length > TEAM_CODE) return ask("POST", "passes/use", { code });
  return ask("POST", "memberships", { code, transfer });
}
