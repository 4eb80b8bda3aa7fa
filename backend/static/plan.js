// A commune that is chosen on the map: its line of the plan, and the form that pins it.

const figure = document.getElementById("map");
const panel = document.getElementById("chosen");
const pin = document.getElementById("pin-form");
const { figures } = JSON.parse(document.getElementById("plan-map").textContent);
const number = new Intl.NumberFormat(document.documentElement.lang === "en" ? "en-GB" : "vi-VN");

const filled = (words, n) => words.replace("{n}", number.format(n));

function made(tag, ...parts) {
  const node = document.createElement(tag);
  node.append(...parts);
  return node;
}

function lacking(code) {
  const [, has, need] = figures[code] ?? [0, 0, 0];
  return Math.max(0, need - has);
}

// A team's line, with what the table has beside it: that it is pinned, and the way back.
function line(row) {
  const more = [...row.cells[1].querySelectorAll(".tag, form")].map((one) => one.cloneNode(true));
  const samples = filled(panel.dataset.samples, row.dataset.samples);
  return made("li", made("strong", row.cells[0].textContent), ` ${samples} `, ...more);
}

function choose({ code, name }) {
  const rows = [...document.querySelectorAll(`#plan tr[data-unit="${CSS.escape(code)}"]`)];
  const lacks = lacking(code);
  document.getElementById("chosen-name").replaceChildren(name, " ", made("small", code));
  document.getElementById("chosen-lacks").textContent = lacks ? filled(panel.dataset.lacks, lacks) : panel.dataset.full;
  const lines = rows.length ? rows.map(line) : [made("li", panel.dataset.nobody)];
  document.getElementById("chosen-teams").replaceChildren(...lines);
  panel.hidden = false;
  document.getElementById("press").hidden = true;
  figure.map?.choose(code);
  if (pin) fill(code, rows[0]?.dataset, lacks);
  panel.focus({ preventScroll: false });
}

// What the plan says stands in the form already; another team or number is typed over it.
function fill(code, planned, lacks) {
  pin.elements.unit.value = code;
  pin.elements.samples.value = planned?.samples ?? (lacks || "");
  if (planned) pin.elements.team_id.value = planned.team;
}

figure.addEventListener("choose", ({ detail }) => choose(detail));
figure.addEventListener("click", (event) => {
  const unit = event.target.closest("a[data-code]");
  if (!unit) return;
  event.preventDefault();
  choose(unit.dataset);
});
