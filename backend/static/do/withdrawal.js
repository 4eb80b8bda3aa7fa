// The withdrawal code, and the withdrawal of the consent on this phone.
import { request } from "./api.js";
import { clearAll, saveSetting, setting } from "./store.js";
import { dialogResult } from "./team.js";
import { element, showMessage, translate, whileBusy } from "./texts.js";

// Show the code, and ask once to keep it.
export async function showCode() {
  const code = (await setting("withdrawal")) ?? "";
  for (const id of ["withdrawal-code", "new-code"]) element(id).textContent = code;
  element("keep-code").hidden = !code || Boolean(await setting("codeKept"));
  element("kept").addEventListener("click", async () => {
    await saveSetting("codeKept", true);
    element("keep-code").hidden = true;
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
