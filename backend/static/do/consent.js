// Obtain consent, register this phone, and join the team of the code in the address.
import { request } from "./api.js";
import { model, newId, platform } from "./browser.js";
import { saveSetting, setting } from "./store.js";
import { element, language, translate } from "./texts.js";

export const VERSION = "web-1";
// Join codes have 8 characters, passes shown by another phone have 12.
const TEAM_CODE = 8;

// A typed code or fragment without spaces, dashes and percent-encoding.
export const normalizeCode = (text) => text.replace(/%[0-9A-F]{2}/gi, "").toUpperCase().replace(/[^0-9A-Z]/g, "");

// Show the form; resolves when the phone is registered.
export function requestConsent(code) {
  const form = element("consent");
  form.elements.code.value = code;
  form.hidden = false;
  return new Promise((resolve) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = element("begin");
      if (button.disabled) return;
      button.disabled = true;
      let fault = translate("agreeFirst");
      try {
        if (element("agree").checked) fault = await submitConsent(normalizeCode(form.elements.code.value));
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

// Returns an error message, empty on success.
async function submitConsent(code) {
  const registered = Boolean(await setting("token"));
  const consented = registered ? await request("POST", "devices/me/consents", { consent: consent() }) : await register();
  if (!consented.ok) return consented.title ?? translate("unreachableStart");
  await saveSetting("consent", shownVersion());
  if (!code) return "";
  const answer = await useCode(code);
  return answer.ok || answer.code === "other_team" ? "" : (answer.title ?? translate("unreachable"));
}

const shownVersion = () => element("do").dataset.consent;
const consent = () => ({ accepted: true, version: shownVersion(), accepted_at: new Date().toISOString() });

// Whether the consent text has changed since it was accepted on this phone.
export const outdated = async () => (await setting("consent")) !== shownVersion();

async function register() {
  // Store the id before it is sent: a retry after a lost answer uses the same id.
  const id = (await setting("device")) ?? newId();
  await saveSetting("device", id);
  const device = { id, platform, model: await model(), app_version: VERSION, consent: consent() };
  const answer = await request("POST", "devices", device, { language });
  if (answer.code === "already_registered") {
    await saveSetting("device", newId());
    return register();
  }
  if (!answer.ok) return answer;
  await saveSetting("withdrawal", answer.withdrawal_code);
  await saveSetting("token", answer.token);
  // Use the token once: this confirms to the server that the answer arrived.
  await request("GET", "devices/me");
  return answer;
}

// Join a team by its code, or use a pass; `transfer` leaves another team of the campaign.
export function useCode(code, transfer = false) {
  if (code.length > TEAM_CODE) return request("POST", "passes/use", { code });
  return request("POST", "memberships", { code, transfer });
}
