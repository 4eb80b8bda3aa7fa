// Sign in and out, see who one is, set up the second factor. The cookie is out of any script's reach.
import { ask, element, tell, whenSent } from "./asking.js";

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
  const roles = user.roles.map((held) => {
    const line = document.createElement("li");
    line.textContent = card.getAttribute(`data-${held.role}`) ?? held.role;
    nameScope(held, line);
    return line;
  });
  element("roles").replaceChildren(...roles);
  show(true);
}

// Of a team or an organisation the name is told, which the person may read.
async function nameScope({ scope_kind, scope_id }, line) {
  const place = { team: "teams", organisation: "organisations" }[scope_kind];
  if (!place) return;
  const found = await ask("GET", `${place}/${scope_id}`);
  if (found.ok) line.textContent += `: ${found.name}`;
}

// Where the person was going when they were asked who they are; only a place of this server. A
// browser passes over tabs and ends of lines: "/<tab>/other.example" would be another server's.
function wanted() {
  const next = new URLSearchParams(location.search).get("next") ?? "";
  return /^\/(?![/\\])[^\t\n\r]*$/.test(next) ? next : null;
}

async function signIn({ name, password, totp }) {
  tell({}, ["name", "password", "totp"], "fault");
  const code = element("second").hidden ? null : totp.value;
  const asked = { name: name.value, password: password.value, totp: code || null };
  const answer = await ask("POST", "sessions", asked);
  if (answer.ok) {
    name.value = password.value = totp.value = "";
    element("second").hidden = true;
    const next = wanted();
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
  const told = ofCode ? [{ field: "totp", message: answer.title }] : answer.errors;
  if (ofCode) element("second").hidden = false;
  tell(missing ? {} : { ...answer, errors: told }, ["name", "password", "totp"], "fault");
  if (ofCode) totp.focus();
  totp.value = "";
}

// Drawn to scale: as sent, the picture has one size.
function picture(drawn) {
  const svg = new DOMParser().parseFromString(drawn, "text/html").querySelector("svg");
  svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
  return document.importNode(svg, true);
}

async function setUp() {
  const answer = await ask("POST", "account/totp", undefined, csrf);
  tell(answer.ok ? {} : answer, [], "fault-in");
  if (!answer.ok) return;
  element("qr").replaceChildren(picture(answer.qr_svg));
  element("secret").textContent = answer.secret.match(/.{1,4}/g).join(" ");
  element("set-up").hidden = true;
  element("confirm").hidden = false;
  element("code").focus();
}

async function confirm({ code }) {
  const answer = await ask("POST", "account/totp/confirm", { code: code.value }, csrf);
  tell(answer.ok ? {} : answer, ["code"], "fault-in");
  code.value = "";
  if (!answer.ok) return;
  element("qr").replaceChildren();
  element("secret").textContent = "";
  await look();
}

async function signOut() {
  const answer = await ask("DELETE", "sessions/current", undefined, csrf);
  if (!answer.ok && answer.status !== 401) {
    tell(answer, [], "fault-in");
    return;
  }
  element("who").textContent = csrf = "";
  show(false);
  element("name").focus();
}

async function look() {
  const answer = await ask("GET", "account");
  if (answer.ok) describe(answer);
  else show(false);
}

whenSent(element("sign-in"), signIn);
whenSent(element("confirm"), confirm);
element("set-up").addEventListener("click", setUp);
element("sign-out").addEventListener("click", signOut);
look();
