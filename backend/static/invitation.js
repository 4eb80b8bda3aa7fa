// A one-time link: its secret is in the fragment and is only sent in a POST body.
import { element, keepFragment, keepNewName, onSubmit, request, showError, showProblem, spokenName } from "./forms.js";

const { dataset } = element("card");
const link = element("sign-in");
let secret = "";

async function read() {
  secret = location.hash.slice(1) || secret;
  history.replaceState(null, "", location.pathname + location.search);
  const about = secret && (await askAbout());
  element("choose").hidden = !about;
  element("no-secret").hidden = Boolean(about);
  element("no-secret").textContent = about === null ? dataset.unreachable : secret ? dataset.gone : element("no-secret").dataset.missing;
  if (about) show(about);
}

// What the link invites to; undefined where it is used or expired, null without a connection.
async function askAbout() {
  try {
    const answer = await fetch(dataset.about, { method: "POST", body: new URLSearchParams({ secret }), cache: "no-store" });
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return null;
  }
}

function show({ name, inviter, teams, campaigns, organisations, organises }) {
  element("name").textContent = spokenName(name);
  element("username").value = name;
  const leads = campaigns.length ? dataset.leads : dataset.leadsTeam;
  const text = teams.length ? leads : dataset.organises;
  const values = { organisation: teams.length ? organisations : organises, teams, campaign: campaigns };
  element("invites").textContent = text.replace(/{(\w+)}/g, (_, key) => values[key].join(", "));
  element("invites").hidden = !teams.length && !organises.length;
  element("of").textContent = dataset.inviter.replace("{name}", inviter);
  element("of").hidden = !inviter;
}

async function choose({ password, again }) {
  showProblem({}, ["password", "again"], "fault");
  if (password.value !== again.value) {
    showError("again", dataset.differ);
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
  const { account, given, renewed, work } = link.dataset;
  // What an account gave to others outlasts its former password.
  if (entered.ok) {
    location.assign(entered.user.totp_needed ? account : answer.renewed ? given : work);
    return;
  }
  keepNewName(spokenName(answer.name));
  if (answer.renewed) link.href = renewed;
  element("choosing").hidden = true;
  element("done").hidden = false;
  element("done").focus();
}

read();
addEventListener("hashchange", () => location.hash && read());
keepFragment(() => secret);
onSubmit(element("choose"), choose);
