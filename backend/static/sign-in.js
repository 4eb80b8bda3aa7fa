// Sign in and out, show and change the account. Scripts cannot read the cookie.
import { element, onSubmit, request, showProblem } from "./forms.js";

const card = element("card");
let csrf = "";

function show(signedIn) {
  element("in").hidden = !signedIn;
  element("out").hidden = signedIn;
}

function describe({ user, csrf_token, recovery_codes_left }) {
  csrf = csrf_token;
  element("codes-left").textContent = recovery_codes_left ?? "";
  element("codes-left-row").hidden = recovery_codes_left === null;
  element("who").textContent = user.display_name ? `${user.display_name} (${user.name})` : user.name;
  element("totp-state").textContent = user.totp ? card.dataset.on : card.dataset.off;
  element("totp-needed").hidden = !user.totp_needed;
  element("set-up").hidden = user.totp;
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
  show(true);
}

// Append the name of the team or organisation of a role.
async function nameScope({ scope_kind, scope_id }, line) {
  const collection = { team: "teams", organisation: "organisations" }[scope_kind];
  if (!collection) return;
  const found = await request("GET", `${collection}/${scope_id}`);
  if (found.ok) line.textContent += `: ${found.name}`;
}

// The page to open after signing in; only a path of this server. Browsers ignore tabs and line ends:
// "/<tab>/other.example" would lead to another server.
function nextPath() {
  const next = new URLSearchParams(location.search).get("next") ?? "";
  return /^\/(?![/\\])[^\t\n\r]*$/.test(next) ? next : null;
}

async function signIn({ name, password, totp, recovery }) {
  const inputs = ["name", "password", "totp", "recovery"];
  showProblem({}, inputs, "fault");
  const second = element("second-recovery").hidden ? totp : recovery;
  const code = element("second").hidden && second === totp ? null : second.value;
  const credentials = { name: name.value, password: password.value, totp: code || null };
  const answer = await request("POST", "sessions", credentials);
  if (answer.ok) {
    name.value = password.value = totp.value = recovery.value = "";
    element("second").hidden = element("second-recovery").hidden = true;
    const next = nextPath();
    if (next && !answer.user.totp_needed) {
      location.assign(next);
      return;
    }
    describe(answer);
    element("in").focus();
    return;
  }
  const missing = answer.code === "totp_required" && code === null;
  const ofCode = ["totp_required", "totp_wrong"].includes(answer.code);
  const message = second === recovery ? card.dataset.recoveryWrong : answer.title;
  const errors = ofCode ? [{ field: second.id, message }] : answer.errors;
  if (ofCode && second === totp) element("second").hidden = false;
  showProblem(missing ? {} : { ...answer, errors }, inputs, "fault");
  if (ofCode) second.focus();
  second.value = "";
}

function showRecoveryField() {
  element("second").hidden = true;
  element("second-recovery").hidden = false;
  element("recovery").focus();
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
    const answer = await request(method, path, Object.fromEntries(values), csrf);
    const errors = answer.errors?.map((error) => ({ ...error, field: `${id}-${error.field}` }));
    showProblem(answer.ok ? {} : { ...answer, errors }, inputs, "fault-in");
    if (!answer.ok) return;
    element(id).reset();
    await done(answer);
  });
}

async function saved() {
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
}

function showSecret(answer) {
  element("qr").replaceChildren(qrImage(answer.qr_svg));
  element("secret").textContent = answer.secret.match(/.{1,4}/g).join(" ");
  element("set-up").hidden = true;
  element("confirm").hidden = false;
  element("code").focus();
}

async function confirm({ code }) {
  const answer = await request("POST", "account/totp/confirm", { code: code.value }, csrf);
  showProblem(answer.ok ? {} : answer, ["code"], "fault-in");
  code.value = "";
  if (!answer.ok) return;
  element("qr").replaceChildren();
  element("secret").textContent = "";
  await showCodes(answer);
}

async function signOut() {
  const answer = await request("DELETE", "sessions/current", undefined, csrf);
  if (!answer.ok && answer.status !== 401) {
    showProblem(answer, [], "fault-in");
    return;
  }
  element("who").textContent = csrf = "";
  element("saved").hidden = true;
  hideCodes();
  show(false);
  element("name").focus();
}

async function loadAccount() {
  const answer = await request("GET", "account");
  if (answer.ok) describe(answer);
  else show(false);
}

onSubmit(element("sign-in"), signIn);
onSubmit(element("confirm"), confirm);
onGuarded("set-up", "POST", "account/totp", showSecret);
onGuarded("renew", "POST", "account/recovery-codes", showCodes);
onGuarded("new-password", "PATCH", "account/password", saved, ["old", "new"]);
onGuarded("rename", "PATCH", "account/name", saved, ["name", "password"]);
onGuarded("switch-off", "DELETE", "account/totp", saved);
element("phone-lost").addEventListener("click", showRecoveryField);
element("print-codes").addEventListener("click", () => print());
element("codes-stored").addEventListener("click", hideCodes);
element("sign-out").addEventListener("click", signOut);
loadAccount();
