// Ask for consent, register this phone, and join the team whose code brought the person here.
import { ask } from "./api.js";
import { model, newId, platform } from "./browser.js";
import { keep, setting } from "./store.js";
import { element, language, words } from "./words.js";

export const VERSION = "web-1";
// A team's code has 8 letters; a pass that another phone shows has 12.
const TEAM_CODE = 8;

// As it stands behind a # or was typed, without spaces, dashes and what browsers make of them.
export const plainCode = (text) => text.replace(/%[0-9A-F]{2}/gi, "").toUpperCase().replace(/[^0-9A-Z]/g, "");

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
      let fault = words("agreeFirst");
      try {
        if (element("agree").checked) fault = await begin(plainCode(form.elements.code.value));
      } finally {
        button.disabled = false;
      }
      element("consent-fault").textContent = fault;
      if (fault) return;
      form.hidden = true;
      resolve();
    });
  });
}

// Empty when all went well, else what is wrong.
async function begin(code) {
  const known = Boolean(await setting("token"));
  const answered = known ? await ask("POST", "devices/me/consents", { consent: consent() }) : await register();
  if (!answered.ok) return answered.title ?? words("unreachableStart");
  await keep("consent", shownVersion());
  if (!code) return "";
  const answer = await useCode(code);
  return answer.ok || answer.code === "other_team" ? "" : (answer.title ?? words("unreachable"));
}

const shownVersion = () => element("do").dataset.consent;
const consent = () => ({ accepted: true, version: shownVersion(), accepted_at: new Date().toISOString() });

// Whether the text has changed since this phone agreed to it.
export const outdated = async () => (await setting("consent")) !== shownVersion();

async function register() {
  // The id is kept before it is sent: an answer that is lost is asked for again under the same one.
  const id = (await setting("device")) ?? newId();
  await keep("device", id);
  const told = { id, platform, model: await model(), app_version: VERSION, consent: consent() };
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
