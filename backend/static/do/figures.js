// What a withdrawal changes in figures, as the server says: samples of the last 7 days leave the counts, also
// those of teams; older ones stay without the person.
const locale = document.documentElement.lang === "vi" ? "vi-VN" : "en-GB";

export function describeAll(id, { recent_counted: recent, older, teams }) {
  const names = teams.filter((one) => one.recent).map((one) => one.team.name).join(", ");
  const values = { recent: recent && names, alone: recent && !names, older };
  for (const [part, shown] of Object.entries(values)) {
    const node = document.getElementById(`${id}-${part}`);
    const n = part === "older" ? older : recent;
    node.hidden = !shown;
    node.textContent = node.dataset.text.replace("{n}", n.toLocaleString(locale)).replace("{teams}", names);
  }
}
