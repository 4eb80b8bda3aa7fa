// Codes for other phones: to go on on a new one, or for a resident whom this person helps.
import { request } from "./api.js";
import { deleteTickets, notes, ON_SERVER, samples, saveSample, saveSetting, setting } from "./store.js";
import { element, fill, time, translate, whileBusy } from "./texts.js";
import { sendWaiting } from "./upload-queue.js";

// So often this phone asks whether the new one has taken over, while it shows the code.
const ASK_MS = 3_000;
// The team of this person's for which a resident would measure.
let host = null;

export function showPhones(teams) {
  [host = null] = teams;
  element("phones").hidden = !host;
}

// `onMoved` is called when the new phone has taken over.
export function listen(onMoved) {
  const open = (kind) => whileBusy(element(kind), () => showCode(kind, onMoved));
  for (const kind of ["move-phone", "help-guest"]) element(kind).addEventListener("click", () => open(kind));
  element("next-guest").addEventListener("click", () => open("help-guest"));
}

async function showCode(button, onMoved) {
  const ofGuest = button === "help-guest";
  for (const id of ["pass-move", "pass-guest"]) element(id).hidden = (id === "pass-guest") !== ofGuest;
  element("next-guest").hidden = !ofGuest;
  fill("pass-guest-text", { team: host.team.name });
  const dialog = element("pass");
  dialog.setAttribute("aria-labelledby", ofGuest ? "pass-guest-title" : "pass-move-title");
  const { fault, answer } = await makePass(ofGuest);
  element("pass-fault").textContent = fault;
  element("pass-shown").hidden = Boolean(fault);
  if (!fault) {
    element("pass-qr").replaceChildren(picture(answer.qr_svg));
    element("pass-code").textContent = answer.code;
    fill("pass-until", { time: time(answer.expires_at) });
  }
  if (!dialog.open) dialog.showModal();
  if (!ofGuest && !fault) await waitForMove(dialog, onMoved);
}

// Samples and notes that wait stay behind, so they are sent first.
async function makePass(ofGuest) {
  if (!ofGuest) {
    await sendWaiting({ afresh: true });
    const waits = [...(await samples()), ...(await notes())].some((one) => one.state === "waiting");
    if (waits) return { fault: element("pass-fault").dataset.waiting };
  }
  const body = ofGuest ? { kind: "guest", campaign_id: host.campaign.id } : { kind: "move" };
  const answer = await request("POST", "passes", body);
  return { fault: answer.ok ? "" : (answer.title ?? translate("unreachable")), answer };
}

async function waitForMove(dialog, onMoved) {
  while (dialog.open) {
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    const { code } = await request("GET", "devices/me");
    if (code === "phone_moved") return onMoved();
  }
}

const picture = (markup) =>
  document.importNode(new DOMParser().parseFromString(markup, "text/html").querySelector("svg"), true);

// What came from the former phone: name and the month's samples. Tickets of this phone alone are void.
export async function adopt({ display_name: name }) {
  await deleteTickets();
  await saveSetting("name", name);
  const { items = [] } = await request("GET", "measurements?limit=500");
  for (const item of items) await saveSample({ id: item.id, state: ON_SERVER, answer: item, body: bodyOf(item) });
}

function bodyOf(item) {
  const failed = item.reasons.some(({ code }) => code === "failed_test");
  const network = { kind: item.network === "fixed" ? "wifi" : item.network };
  return { ...item, network, status: failed ? "failed" : "finished" };
}

// This phone's former device is on another phone now.
export async function showMoved() {
  const { at, withdrawal } = await setting("moved");
  fill("moved-when", { time: time(at) });
  element("moved-code").textContent = withdrawal ?? "";
  element("moved").hidden = false;
  element("moved-title").focus();
  element("moved-anew").addEventListener("click", async () => {
    await saveSetting("moved", null);
    location.reload();
  });
}
