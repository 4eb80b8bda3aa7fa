// A one-time link: its secret is in the fragment and is only sent in a POST body.
import { element, keepFragment, keepNewName, onSubmit, request, showError, showProblem, spokenName } from "./forms.js";

let secret = "";

function read() {
  secret = location.hash.slice(1) || secret;
  history.replaceState(null, "", location.pathname + location.search);
  element("choose").hidden = !secret;
  element("no-secret").hidden = Boolean(secret);
}

async function choose({ password, again }) {
  showProblem({}, ["password", "again"], "fault");
  if (password.value !== again.value) {
    showError("again", element("card").dataset.differ);
    again.focus();
    return;
  }
  const answer = await request("POST", "invitations/accept", { secret, password: password.value });
  if (!answer.ok) {
    showProblem(answer, ["password"], "fault");
    return;
  }
  // The password was just chosen: without a second factor it need not be typed again.
  const entered = await request("POST", "sessions", { name: answer.name, password: password.value, totp: null });
  secret = password.value = again.value = "";
  element("name").textContent = spokenName(answer.name);
  keepNewName(spokenName(answer.name));
  const link = element("sign-in");
  const { account, enter, given, renewed, work } = link.dataset;
  // What an account gave to others outlasts its former password.
  if (answer.renewed) link.href = renewed;
  if (entered.ok) {
    link.textContent = enter;
    link.href = entered.user.totp_needed ? account : answer.renewed ? given : work;
  }
  element("choosing").hidden = true;
  element("done").hidden = false;
  element("done").focus();
}

read();
addEventListener("hashchange", () => location.hash && read());
keepFragment(() => secret);
onSubmit(element("choose"), choose);
