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
  secret = password.value = again.value = "";
  element("name").textContent = spokenName(answer.name);
  keepNewName(spokenName(answer.name));
  // What an account gave to others outlasts its former password.
  if (answer.renewed) element("sign-in").href = element("sign-in").dataset.renewed;
  element("choosing").hidden = true;
  element("done").hidden = false;
  element("done").focus();
}

read();
addEventListener("hashchange", () => location.hash && read());
keepFragment(() => secret);
onSubmit(element("choose"), choose);
