// The withdrawal code, and the withdrawal of the consent on this phone.
import { request } from "./api.js";
import { clearAll, saveSetting, setting } from "./store.js";
import { dialogResult } from "./team.js";
import { element, showMessage, translate, whileBusy } from "./texts.js";

// Show the code in its fold, which asks to keep it until that is done.
export async function showCode() {
  const code = (await setting("withdrawal")) ?? "";
  element("withdrawal-code").textContent = code;
  const kept = !code || Boolean(await setting("codeKept"));
  element("keep-code").hidden = element("kept").hidden = kept;
  element("kept").addEventListener("click", async () => {
    await saveSetting("codeKept", true);
    element("keep-code").hidden = element("kept").hidden = true;
  });
}

export async function withdraw() {
  if ((await dialogResult(element("sure"))) !== "yes") return;
  const answer = await whileBusy(element("withdraw"), () => request("DELETE", "devices/me"));
  if (!answer.ok && answer.status !== 401) return showMessage(answer.title ?? translate("unreachable"));
  await clearAll();
  showMessage("");
  for (const id of ["measuring", "after"]) element(id).hidden = true;
  element("do").classList.remove("ready");
  element("ended").hidden = false;
  element("ended-title").focus();
  scrollTo(0, 0);
}
