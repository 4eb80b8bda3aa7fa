// A one-time link: its secret stands behind the # and leaves this page in a posted body alone.
import { ask, carryAlong, element, say, tell, whenSent } from "./asking.js";

let secret = "";

function read() {
  secret = location.hash.slice(1) || secret;
  history.replaceState(null, "", location.pathname + location.search);
  element("choose").hidden = !secret;
  element("no-secret").hidden = Boolean(secret);
}

async function choose({ password, again }) {
  tell({}, ["password", "again"], "fault");
  if (password.value !== again.value) {
    say("again", element("card").dataset.differ);
    again.focus();
    return;
  }
  const answer = await ask("POST", "invitations/accept", { secret, password: password.value });
  if (!answer.ok) {
    tell(answer, ["password"], "fault");
    return;
  }
  secret = password.value = again.value = "";
  element("name").textContent = answer.name;
  element("choosing").hidden = true;
  element("done").hidden = false;
  element("done").focus();
}

read();
addEventListener("hashchange", () => location.hash && read());
carryAlong(() => secret);
whenSent(element("choose"), choose);
