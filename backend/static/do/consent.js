// Obtain consent, register this phone, and join the team of the code in the address.
import { request } from "./api.js";
import { model, newId, platform } from "./browser.js";
import { isTeamCode } from "./codes.js";
import { saveSetting, setting } from "./store.js";
import { element, language, translate } from "./texts.js";

export const VERSION = "web-1";
// Show the form; resolves when the phone is registered.
export function requestConsent() {
  const form = element("consent");
  form.hidden = false;
  element("consent-title").focus();
  scrollTo(0, 0);
  return new Promise((resolve) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = element("begin");
      if (button.disabled) return;
      button.disabled = true;
      let fault = translate("agreeFirst");
      try {
        if (element("agree").checked) fault = await submitConsent();
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
async function submitConsent() {
  const registered = Boolean(await setting("token"));
  const consented = registered ? await request("POST", "devices/me/consents", { consent: consent() }) : await register();
  if (!consented.ok) return consented.title ?? translate("unreachableStart");
  await saveSetting("consent", shownVersion());
  return "";
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
  if (!isTeamCode(code)) return request("POST", "passes/use", { code });
  return request("POST", "memberships", { code, transfer });
}
