// Connect an app of others: consent, registration of a device for it alone, and its personal address.
import { newId, platform } from "./do/browser.js";
import { element, onSubmit, request } from "./forms.js";

const form = element("consent");
const PATHS = { network_survey: "network-survey", open_rmbt: "open-rmbt" };
const id = newId(); // the same after a lost answer, so that one consent makes one device
let registered = null;

function register() {
  const consent = { accepted: true, version: element("card").dataset.consent, accepted_at: new Date().toISOString() };
  return request("POST", "devices", { id, platform: "android", consent });
}

// Returns an error message, empty on success.
async function connect(app) {
  if (!registered) {
    const answer = await register();
    if (!answer.ok) return answer.title;
    registered = answer;
  }
  const answer = await request("POST", `devices/me/${PATHS[app]}`, undefined, null, registered.token);
  if (!answer.ok) return answer.title;
  show(app, answer);
  return "";
}

function picture(markup) {
  return document.importNode(new DOMParser().parseFromString(markup, "text/html").querySelector("svg"), true);
}

function show(app, { qr_svg: drawn, host, link }) {
  for (const steps of document.querySelectorAll("ol[data-app]")) steps.hidden = steps.dataset.app !== app;
  element("withdrawal-code").textContent = registered.withdrawal_code;
  element("qr").replaceChildren(picture(drawn));
  element("by-hand").hidden = !host;
  element("address").value = host ?? "";
  element("open-row").hidden = !link || platform !== "android";
  if (link) element("open").href = link;
  form.hidden = true;
  element("done").hidden = false;
  element("done-title").focus();
  scrollTo(0, 0);
}

form.hidden = false;
onSubmit(form, async ({ app, agree }) => {
  const chosen = app.value ?? app[0].value;
  element("fault").textContent = agree.checked ? await connect(chosen) : element("card").dataset.agree;
});
