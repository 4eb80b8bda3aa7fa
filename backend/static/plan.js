// The commune selected on the map of a plan: its teams and the form that pins one.

const figure = document.getElementById("map");
const panel = document.getElementById("chosen");
const pin = document.getElementById("pin-form");
const { figures } = JSON.parse(document.getElementById("plan-map").textContent);
const number = new Intl.NumberFormat(document.documentElement.lang === "en" ? "en-GB" : "vi-VN");

const withNumber = (text, n) => text.replace("{n}", number.format(n));

function create(tag, ...parts) {
  const node = document.createElement(tag);
  node.append(...parts);
  return node;
}

function shortfallOf(code) {
  const [, has, need] = figures[code] ?? [0, 0, 0];
  return Math.max(0, need - has);
}

// The list item of a team, with the pinned tag and the button that unpins it from the table.
function teamItem(row) {
  const more = [...row.cells[1].querySelectorAll(".tag, form")].map((one) => one.cloneNode(true));
  const samples = withNumber(panel.dataset.samples, row.dataset.samples);
  return create("li", create("strong", row.cells[0].textContent), ` ${samples} `, ...more);
}

function choose({ code, name }) {
  const rows = [...document.querySelectorAll(`#plan tr[data-unit="${CSS.escape(code)}"]`)];
  const shortfall = shortfallOf(code);
  document.getElementById("chosen-name").textContent = name;
  document.getElementById("chosen-missing").textContent = shortfall ? withNumber(panel.dataset.missing, shortfall) : panel.dataset.full;
  const lines = rows.length ? rows.map(teamItem) : [create("li", panel.dataset.nobody)];
  document.getElementById("chosen-teams").replaceChildren(...lines);
  panel.hidden = false;
  document.getElementById("map-hint").hidden = true;
  figure.map?.choose(code);
  if (pin) fill(`${name} (${code})`, rows[0]?.dataset, shortfall);
  panel.focus({ preventScroll: false });
}

// Prefill the form with the planned team and number of samples.
function fill(unit, planned, shortfall) {
  pin.elements.unit.value = unit;
  pin.elements.samples.value = planned?.samples ?? (shortfall || "");
  if (planned) pin.elements.team_id.value = planned.team;
}

figure.addEventListener("choose", ({ detail }) => choose(detail));
figure.addEventListener("click", (event) => {
  const unit = event.target.closest("a[data-code]");
  if (!unit) return;
  event.preventDefault();
  choose(unit.dataset);
});
