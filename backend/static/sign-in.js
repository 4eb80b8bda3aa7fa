// Sign in, then open the requested page or the person's workspace. Scripts cannot read the cookie.
import { element, onSubmit, request, showProblem, takeNewName } from "./forms.js";

const card = element("card");

// The page to open after signing in; only a path of this server. Browsers ignore tabs and line ends:
// "/<tab>/other.example" would lead to another server.
function nextPath() {
  const next = new URLSearchParams(location.search).get("next") ?? "";
  return /^\/(?![/\\])[^\t\n\r]*$/.test(next) ? next : card.dataset.work;
}

async function signIn({ name, password, totp, recovery }) {
  const inputs = ["name", "password", "totp", "recovery"];
  showProblem({}, inputs, "fault");
  const second = element("second-recovery").hidden ? totp : recovery;
  const code = element("second").hidden && second === totp ? null : second.value;
  const credentials = { name: name.value, password: password.value, totp: code || null };
  const answer = await request("POST", "sessions", credentials);
  if (answer.ok) {
    // A used recovery code and a missing second factor are matters of the account.
    const account = answer.user.totp_needed || (second === recovery && code);
    location.assign(account ? card.dataset.account : nextPath());
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

onSubmit(element("sign-in"), signIn);
element("phone-lost").addEventListener("click", showRecoveryField);
element("out").hidden = false;
const newName = takeNewName();
if (newName) {
  element("name").value = newName;
  element("password").focus();
}
