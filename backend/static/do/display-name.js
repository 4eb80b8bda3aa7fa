// The display name that a volunteer may show to the team; optional, with its own consent.
import { request } from "./api.js";
import { saveSetting, setting } from "./store.js";
import { element, showMessage, translate } from "./texts.js";

// The form is shown to members of a team only.
export async function showName(inTeam) {
  const name = await setting("name");
  element("naming").hidden = !inTeam;
  element("own-name").textContent = name ?? translate("noName");
  element("name-none").hidden = !name;
}

// Change the name, or remove it with null.
export async function changeName(name) {
  const answer = await request("PATCH", "volunteers/me", { display_name: name, agreed: name !== null });
  const fault = answer.errors?.[0]?.message ?? answer.title;
  element("name-fault").textContent = answer.ok ? "" : (fault ?? translate("unreachable"));
  if (!answer.ok) return;
  await saveSetting("name", answer.display_name);
  element("name").reset();
  element("naming").open = false;
  showMessage(translate(name === null ? "nameHidden" : "nameShown"), "good");
  await showName(true);
}

export function listen() {
  element("name").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (element("name-agree").checked) await changeName(element("display-name").value);
    else element("name-fault").textContent = translate("agreeName");
  });
  element("name-none").addEventListener("click", () => changeName(null));
}
