// Obtain consent, register this phone, and join the team of the code in the address.
import { request } from "./api.js";
import { model, newId, platform } from "./browser.js";
import { isTeamCode } from "./codes.js";
import { saveSetting, setting } from "./store.js";
import { element, language, translate } from "./texts.js";

export const VERSION = "web-1";
// Show the form; resolves to true when the phone is registered. Before the first note of a place, when there
// is no network, a registered phone agrees to the newer text (`ofNotes`): that is stored and sent with the
// note, and the person may decline (false). `code` is that of the team to join, if any.
export async function requestConsent(ofNotes = false, code = "") {
  const form = element("consent");
  const notice = element("consent-notes");
  notice.textContent = (await agreedTo("notes")) ? notice.dataset.again : notice.dataset.first;
  notice.hidden = element("consent-later").hidden = !ofNotes;
  form.hidden = false;
  element("agree").checked = false;
  const begin = element("begin");
  begin.dataset.first ??= begin.textContent;
  begin.textContent = ofNotes ? begin.dataset.notes : begin.dataset.first;
  element("consent-title").focus();
  scrollTo(0, 0);
  return new Promise((resolve) => {
    const close = (agreed) => {
      form.hidden = true;
      resolve(agreed);
    };
    element("consent-later").onclick = () => close(false);
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (begin.disabled) return;
      begin.disabled = true;
      let fault = translate("agreeFirst");
      try {
        if (element("agree").checked) fault = await (ofNotes ? keepConsent() : submitConsent(code));
      } finally {
        begin.disabled = false;
      }
      element("consent-fault").textContent = fault;
      if (!fault) close(true);
    };
  });
}

export function closeConsent() {
  element("consent").hidden = true;
}

async function keepConsent() {
  await saveSetting("agreement", consent());
  await saveSetting("consent", shownVersion());
  return "";
}

// Returns an error message, empty on success.
async function submitConsent(code) {
  const registered = Boolean(await setting("token"));
  const consented = registered ? await request("POST", "devices/me/consents", { consent: consent() }) : await register(code);
  if (!consented.ok) return consented.title ?? translate("unreachableStart");
  await saveSetting("consent", shownVersion());
  return "";
}

const shownVersion = () => element("do").dataset.consent;
const consent = () => ({ accepted: true, version: shownVersion(), accepted_at: new Date().toISOString() });

// Whether the text that was accepted on this phone names what it would send, "samples" or "notes", and that notes
// are used to ask "operators" to act.
export async function agreedTo(what) {
  const versions = JSON.parse(element("do").dataset.named)[what];
  return versions.includes(await setting("consent"));
}

async function register(code) {
  // Store the id before it is sent: a retry after a lost answer uses the same id.
  const id = (await setting("device")) ?? newId();
  await saveSetting("device", id);
  const device = { id, platform, model: await model(), app_version: VERSION, consent: consent() };
  if (isTeamCode(code)) device.join_code = code;
  const answer = await request("POST", "devices", device, { language });
  if (answer.code === "already_registered") {
    await saveSetting("device", newId());
    return register(code);
  }
  if (!answer.ok) return answer;
  await saveSetting("withdrawal", answer.withdrawal_code);
  await saveSetting("token", answer.token);
  // Use the token once: this confirms to the server that the answer arrived.
  await request("GET", "devices/me");
  return answer;
}

// Join a team by its code, or use a pass; `transfer` leaves another team of the campaign, or takes the
// place of the phone that shows the pass.
export function useCode(code, transfer = false) {
  if (!isTeamCode(code)) return request("POST", "passes/use", { code, transfer });
  return request("POST", "memberships", { code, transfer });
}
