// The end of a campaign: what this person gave, thanks, a certificate, and the next campaign.
import { request } from "./api.js";
import { saveSetting, setting } from "./store.js";
import { joinTeam } from "./team.js";
import { element, fill, number, showMessage, time, translate, whileBusy } from "./texts.js";

// Show the latest campaign that ended, until the person has read it.
export async function showEnded() {
  const { items = [] } = await request("GET", "memberships/ended");
  const read = (await setting("thanked")) ?? [];
  const one = items.find(({ campaign }) => !read.includes(campaign.id));
  element("thanks").hidden = !one;
  if (!one) return;
  const { campaign, team, counted, unit, certificate, next } = one;
  fill("thanks-title", { campaign: campaign.name });
  fill("thanks-given", { n: number(counted), team: team.name });
  element("thanks-given").hidden = !counted;
  showUnit(unit);
  element("thanks-certificate").hidden = !certificate;
  element("thanks-certificate").onclick = ({ currentTarget }) =>
    whileBusy(currentTarget, () => saveCertificate(certificate));
  element("thanks-next").hidden = !next;
  if (next) fill("thanks-next", { campaign: next.name });
  element("thanks-next").onclick = async ({ currentTarget }) => {
    const answer = await whileBusy(currentTarget, () => joinTeam(next.code));
    if (answer.ok) await close();
    else showMessage(answer.title ?? translate("unreachable"));
  };
  const close = async () => {
    await saveSetting("thanked", [...read, campaign.id]);
    await showEnded();
  };
  element("thanks-close").onclick = close;
}

function showUnit(unit) {
  const shown = unit?.target ? { unit: unit.name, counted: number(unit.counted), target: number(unit.target), time: time(unit.as_of) } : null;
  for (const id of ["thanks-reached", "thanks-lacks"]) {
    element(id).hidden = !shown || unit.counted === null || (id === "thanks-reached") !== (unit.shortfall === 0);
    if (shown) fill(id, shown);
  }
}

async function saveCertificate(address) {
  try {
    const headers = { Authorization: `Bearer ${await setting("token")}` };
    const answer = await fetch(address, { headers, cache: "no-store", credentials: "omit" });
    if (!answer.ok) throw new Error(answer.status);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = "giay-chung-nhan.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch {
    showMessage(translate("unreachable"));
  }
}
