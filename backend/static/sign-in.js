// Sign in and out, show the account, set up two-factor authentication. Scripts cannot read the cookie.
import { element, onSubmit, request, showProblem } from "./forms.js";

const card = element("card");
let csrf = "";

function show(signedIn) {
  element("in").hidden = !signedIn;
  element("out").hidden = signedIn;
}

function describe({ user, csrf_token }) {
  csrf = csrf_token;
  element("who").textContent = user.display_name ? `${user.display_name} (${user.name})` : user.name;
  element("totp-state").textContent = user.totp ? card.dataset.on : card.dataset.off;
  element("totp-needed").hidden = !user.totp_needed;
  element("set-up").hidden = user.totp;
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

async function signIn({ name, password, totp }) {
  showProblem({}, ["name", "password", "totp"], "fault");
  const code = element("second").hidden ? null : totp.value;
  const credentials = { name: name.value, password: password.value, totp: code || null };
  const answer = await request("POST", "sessions", credentials);
  if (answer.ok) {
    name.value = password.value = totp.value = "";
    element("second").hidden = true;
    const next = nextPath();
    if (next && !answer.user.totp_needed) {
      location.assign(next);
      return;
    }
    describe(answer);
    element("in").focus();
    return;
  }
  const missing = answer.code === "totp_required" && element("second").hidden;
  const ofCode = ["totp_required", "totp_wrong"].includes(answer.code);
  const errors = ofCode ? [{ field: "totp", message: answer.title }] : answer.errors;
  if (ofCode) element("second").hidden = false;
  showProblem(missing ? {} : { ...answer, errors }, ["name", "password", "totp"], "fault");
  if (ofCode) totp.focus();
  totp.value = "";
}

// Parse the QR code and make it scale; as sent it has a fixed size.
function qrImage(markup) {
  const svg = new DOMParser().parseFromString(markup, "text/html").querySelector("svg");
  svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
  return document.importNode(svg, true);
}

async function setUp() {
  const answer = await request("POST", "account/totp", undefined, csrf);
  showProblem(answer.ok ? {} : answer, [], "fault-in");
  if (!answer.ok) return;
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
  await loadAccount();
}

async function signOut() {
  const answer = await request("DELETE", "sessions/current", undefined, csrf);
  if (!answer.ok && answer.status !== 401) {
    showProblem(answer, [], "fault-in");
    return;
  }
  element("who").textContent = csrf = "";
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
element("set-up").addEventListener("click", setUp);
element("sign-out").addEventListener("click", signOut);
loadAccount();
