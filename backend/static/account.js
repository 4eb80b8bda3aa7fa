// Show and change the account of the signed-in person.
import { element, onSubmit, request, showProblem, spokenName } from "./forms.js";

const card = element("card");
let csrf = "";
let identity;
let leads = false; // to the workspace, once the second factor that it needs is set up

function describe({ user, csrf_token, recovery_codes_left }) {
  csrf = csrf_token;
  element("codes-left").textContent = recovery_codes_left ?? "";
  element("codes-left-row").hidden = recovery_codes_left === null;
  const name = user.name && spokenName(user.name);
  element("who").textContent = [user.display_name, name && user.display_name ? `(${name})` : name].filter(Boolean).join(" ");
  element("totp-state").textContent = user.totp ? card.dataset.on : card.dataset.off;
  element("totp-needed").hidden = !user.totp_needed;
  element("no-password").hidden = user.password;
  element("security").hidden = !user.password;
  element("set-up").hidden = user.totp || !user.password;
  element("renew").hidden = element("switch-off").hidden = !user.totp;
  element("confirm").hidden = true;
  element("no-roles").hidden = user.roles.length > 0;
  const roles = user.roles.map((grant) => {
    const line = document.createElement("li");
    line.textContent = card.getAttribute(`data-${grant.role}`) ?? grant.role;
    nameScope(grant, line);
    return line;
  });
  element("roles").replaceChildren(...roles);
  element("in").hidden = false;
}

// Offer to link the account of the office, or to unlink the one that is linked.
async function showIdentities() {
  const answer = await request("GET", "account/identities");
  identity = answer.ok ? answer.items.at(0) : undefined;
  const link = document.getElementById("link-office"); // only where the operator has a provider
  if (link) link.hidden = Boolean(identity);
  element("unlink-office").hidden = !identity;
}

// Append the name of the area, the team or the organisation of a role.
async function nameScope({ scope_kind, scope_id }, line) {
  const area = scope_kind === "unit" && card.getAttribute(`data-unit-${scope_id}`);
  if (area) line.textContent += `: ${area}`;
  const collection = { team: "teams", organisation: "organisations" }[scope_kind];
  if (!collection) return;
  const found = await request("GET", `${collection}/${scope_id}`);
  if (found.ok) line.textContent += `: ${found.name}`;
}

// Parse the QR code and make it scale; as sent it has a fixed size.
function qrImage(markup) {
  const svg = new DOMParser().parseFromString(markup, "text/html").querySelector("svg");
  svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
  return document.importNode(svg, true);
}

// A form that needs the password again. The ids of its inputs are the id of the form and the field.
function onGuarded(id, method, path, done, fields = ["password"]) {
  const inputs = fields.map((field) => `${id}-${field}`);
  onSubmit(element(id), async (elements) => {
    element("saved").hidden = true;
    const values = fields.map((field) => [field, elements[`${id}-${field}`].value]);
    const answer = await request(method, typeof path === "function" ? path() : path, Object.fromEntries(values), csrf);
    const errors = answer.errors?.map((error) => ({ ...error, field: `${id}-${error.field}` }));
    showProblem(answer.ok ? {} : { ...answer, errors }, inputs, "fault-in");
    if (!answer.ok) return;
    element(id).reset();
    await done(answer);
  });
}

async function saved() {
  document.getElementById("linked")?.remove(); // what the page said when it was opened
  await loadAccount();
  element("saved").textContent = card.dataset.saved;
  element("saved").hidden = false;
}

async function showCodes({ recovery_codes }) {
  const lines = recovery_codes.map((code) => {
    const line = document.createElement("li");
    line.textContent = code;
    return line;
  });
  element("code-list").replaceChildren(...lines);
  await loadAccount();
  element("security").open = false;
  element("codes").hidden = false;
  element("codes").focus();
}

function hideCodes() {
  element("code-list").replaceChildren();
  element("codes").hidden = true;
  if (leads) location.assign(element("work").href);
}

function showSecret(answer) {
  element("qr").replaceChildren(qrImage(answer.qr_svg));
  element("secret").textContent = answer.secret.match(/.{1,4}/g).join(" ");
  element("set-up").hidden = true;
  element("confirm").hidden = false;
  element("code").focus();
}

async function confirm({ code }) {
  leads = !element("totp-needed").hidden;
  const answer = await request("POST", "account/totp/confirm", { code: code.value }, csrf);
  showProblem(answer.ok ? {} : answer, ["code"], "fault-in");
  code.value = "";
  if (!answer.ok) return;
  element("qr").replaceChildren();
  element("secret").textContent = "";
  await showCodes(answer);
}

async function loadAccount() {
  const answer = await request("GET", "account");
  if (answer.ok) {
    describe(answer);
    await showIdentities();
  } else if (answer.status === 401) location.reload(); // ended: the server leads to the sign-in page
  else showProblem(answer, [], "fault-in");
}

onSubmit(element("confirm"), confirm);
onGuarded("set-up", "POST", "account/totp", showSecret);
onGuarded("renew", "POST", "account/recovery-codes", showCodes);
onGuarded("new-password", "PATCH", "account/password", () => location.assign(element("given").href), ["old", "new"]);
onGuarded("rename", "PATCH", "account/name", saved, ["name", "password"]);
onGuarded("switch-off", "DELETE", "account/totp", saved);
if (document.getElementById("link-office")) {
  onGuarded("link-office", "POST", "account/identities", ({ url }) => location.assign(url));
}
onGuarded("unlink-office", "DELETE", () => `account/identities/${identity.id}`, saved);
element("print-codes").addEventListener("click", () => print());
element("codes-stored").addEventListener("click", hideCodes);
loadAccount();
