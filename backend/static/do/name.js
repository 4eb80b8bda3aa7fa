// The name that a volunteer may show to the team; it is asked for apart, and never needed.
import { ask } from "./api.js";
import { keep, setting } from "./store.js";
import { element, words } from "./words.js";

// Only who is in a team has somebody to show a name to.
export async function showName(inTeam) {
  const name = await setting("name");
  element("naming").hidden = !inTeam;
  element("own-name").textContent = name ?? words("noName");
  element("name-none").hidden = !name;
}

// Null takes the name away; what is wrong is said, and nothing else happens.
async function change(name) {
  const answer = await ask("PATCH", "volunteers/me", { display_name: name, agreed: name !== null });
  const fault = answer.errors?.[0]?.message ?? answer.title;
  element("name-fault").textContent = answer.ok ? "" : (fault ?? words("unreachable"));
  if (!answer.ok) return;
  await keep("name", answer.display_name);
  element("name").reset();
  element("naming").open = false;
  await showName(true);
}

export function listen() {
  element("name").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (element("name-agree").checked) await change(element("display-name").value);
    else element("name-fault").textContent = words("agreeName");
  });
  element("name-none").addEventListener("click", () => change(null));
}
