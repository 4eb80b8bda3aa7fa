// Connect RTR-NetTest: consent, registration of a device for it alone, and its personal address.
import { newId } from "./do/browser.js";
import { normalizeCode } from "./do/codes.js";
import { element, onSubmit, request } from "./forms.js";

const form = element("consent");
const id = newId(); // the same after a lost answer, so that one consent makes one device
let registered = null;

function register() {
  const consent = { accepted: true, version: element("card").dataset.consent, accepted_at: new Date().toISOString() };
  return request("POST", "devices", { id, platform: "android", consent });
}

// Returns an error message, empty on success.
async function connect() {
  if (!registered) {
    const answer = await register();
    if (!answer.ok) return answer.title;
    registered = answer;
  }
  const answer = await request("POST", "devices/me/open-rmbt", undefined, null, registered.token);
  if (!answer.ok) return answer.title;
  show(answer);
  return "";
}

async function join(code) {
  const answer = await request("POST", "memberships", { code }, null, registered.token);
  const team = answer.team?.name;
  element("join-fault").textContent = answer.ok ? "" : answer.title;
  const joined = element("joined");
  joined.hidden = !team;
  if (team) joined.textContent = joined.dataset.text.replace("{team}", team);
}

function picture(markup) {
  return document.importNode(new DOMParser().parseFromString(markup, "text/html").querySelector("svg"), true);
}

function show({ qr_svg: drawn, host }) {
  element("withdrawal-code").textContent = registered.withdrawal_code;
  element("qr").replaceChildren(picture(drawn));
  element("address").value = host;
  form.hidden = true;
  element("done").hidden = false;
  element("done-title").focus();
  scrollTo(0, 0);
}

onSubmit(element("join"), async (fields) => {
  const code = normalizeCode(fields.code.value);
  if (code) await join(code);
});
form.hidden = false;
onSubmit(form, async ({ agree }) => {
  element("fault").textContent = agree.checked ? await connect() : element("card").dataset.agree;
});
