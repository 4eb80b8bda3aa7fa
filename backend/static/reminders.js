// Reminders to communes: the messages to those that are ticked as one text, and when this browser copied each.
const list = document.querySelector(".reminders");
const chosen = document.getElementById("to-chosen");
const button = document.querySelector("[data-copy=to-chosen]");
const every = document.getElementById("tick-all");
const rows = [...list.children];
const ticks = rows.map((row) => row.querySelector("[name=tick]"));
const key = `reminders ${list.dataset.kept}`;

function read() {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}

function show() {
  const times = read();
  for (const row of rows) {
    const at = times[row.dataset.code];
    if (at) row.querySelector(".copied-at").textContent = list.dataset.at.replace("{time}", at);
  }
}

function pick() {
  const picked = rows.filter((_, place) => ticks[place].checked);
  chosen.value = picked.map((row) => row.querySelector("textarea").value).join("\n\n");
  button.disabled = !picked.length;
  every.checked = picked.length === rows.length;
}

for (const hidden of document.querySelectorAll(".ticking[hidden]")) hidden.hidden = false;
every.addEventListener("change", () => {
  for (const tick of ticks) tick.checked = every.checked;
  pick();
});
list.addEventListener("change", pick);
addEventListener("copied", ({ target }) => {
  const of = { "to-chosen": (place) => ticks[place].checked, "to-all": () => true }[target.dataset.copy];
  const done = rows.filter((row, place) => (of ? of(place) : row.contains(target)));
  const now = new Date().toLocaleTimeString("vi", { hour: "2-digit", minute: "2-digit" });
  const times = { ...read(), ...Object.fromEntries(done.map((row) => [row.dataset.code, now])) };
  try {
    localStorage.setItem(key, JSON.stringify(times));
  } catch {} // a browser without storage tells it until the page is left
  for (const row of done) row.querySelector(".copied-at").textContent = list.dataset.at.replace("{time}", now);
});
pick();
show();
