// A field in which people name units: a combobox fed by /api/v1/units/search, after the ARIA pattern
// of an editable combobox with a list. Where several units are named, each is a chip with a button;
// the text of the form, one label a line, stays the only thing that is sent.
const WAIT_MS = 150;

let numbers = 0;

class UnitPicker {
  constructor(box) {
    this.box = box;
    this.many = "many" in box.dataset;
    this.text = box.querySelector("textarea, input[name]");
    this.input = this.many ? this.makeInput() : this.text;
    this.list = this.makeList();
    this.status = box.appendChild(Object.assign(document.createElement("p"), { className: "unseen" }));
    this.status.setAttribute("role", "status");
    this.options = [];
    this.active = -1;
    this.prepareInput();
    if (this.many) this.showChips();
    this.bindList();
    this.bindMap();
  }

  makeInput() {
    const input = document.createElement("input");
    const { id } = this.text;
    this.text.hidden = true;
    this.text.id = `${id}-text`;
    input.id = id;
    for (const name of ["aria-describedby", "aria-invalid"]) {
      const value = this.text.getAttribute(name);
      if (value) input.setAttribute(name, value);
    }
    this.chips = document.createElement("ul");
    this.chips.className = "chips";
    this.text.before(this.chips, input);
    return input;
  }

  makeList() {
    const list = document.createElement("ul");
    list.id = `units-${(numbers += 1)}`;
    list.className = "unit-options";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", this.box.querySelector("label").textContent);
    list.hidden = true;
    this.input.after(list);
    return list;
  }

  prepareInput() {
    const { input } = this;
    Object.assign(input, { autocomplete: "off", spellcheck: false });
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", this.list.id);
    input.addEventListener("input", () => this.schedule());
    input.addEventListener("keydown", (event) => this.onKey(event));
    input.addEventListener("blur", () => setTimeout(() => this.leave(), 120));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(this.options[Number(option.dataset.n)]);
    });
  }

  schedule() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), WAIT_MS);
  }

  async search() {
    const q = this.input.value.trim();
    if (!q) return this.close();
    const query = new URLSearchParams({ q });
    for (const [name, key] of [["within", "within"], ["level", "level"], ["as_of", "day"]]) {
      if (this.box.dataset[key]) query.set(name, this.box.dataset[key]);
    }
    const asked = (this.asked = {});
    try {
      const answer = await fetch(`/api/v1/units/search?${query}`, { headers: { "Accept-Language": document.documentElement.lang } });
      if (!answer.ok) throw new Error(answer.status);
      const { items } = await answer.json();
      if (asked === this.asked && document.activeElement === this.input) this.show(items);
    } catch {
      if (asked === this.asked) this.status.textContent = this.box.dataset.unreachable;
    }
  }

  show(items) {
    this.options = this.many ? withGroups(items) : items.map((item) => ({ items: [item] }));
    this.active = -1;
    this.list.replaceChildren(...this.options.map((option, n) => this.makeOption(option, n)));
    if (!this.options.length) {
      const none = Object.assign(document.createElement("li"), { className: "none", textContent: this.box.dataset.none });
      none.setAttribute("role", "presentation");
      this.list.append(none);
    }
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.status.textContent = this.box.dataset.found.replace("{n}", this.options.length);
    this.input.removeAttribute("aria-activedescendant");
  }

  makeOption(option, n) {
    const item = document.createElement("li");
    item.id = `${this.list.id}-${n}`;
    item.dataset.n = n;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const [first] = option.items;
    const { was, all } = this.box.dataset;
    const name = option.group ? all.replace("{name}", option.group.name) : first.name;
    const place = option.group
      ? option.items.map((one) => one.name).join(", ")
      : [first.place, first.was && was.replace("{name}", first.was.name)].filter(Boolean).join(" · ");
    item.append(Object.assign(document.createElement("span"), { textContent: name }));
    item.append(" ", Object.assign(document.createElement("small"), { textContent: place }));
    return item;
  }

  onKey(event) {
    const last = this.options.length - 1;
    const moves = { ArrowDown: this.active < last ? this.active + 1 : 0, ArrowUp: this.active > 0 ? this.active - 1 : last };
    if (event.key in moves) {
      event.preventDefault();
      if (this.list.hidden) this.search();
      else if (last >= 0) this.activate(moves[event.key]);
    } else if (event.key === "Enter") {
      if (this.list.hidden && !(this.many && this.input.value.trim())) return;
      event.preventDefault();
      this.choose(this.options[Math.max(this.active, 0)]);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    } else if (event.key === "Backspace" && this.many && !this.input.value) {
      this.remove(this.chosen().at(-1));
    }
  }

  activate(n) {
    this.active = n;
    for (const item of this.list.children) item.setAttribute("aria-selected", String(Number(item.dataset.n) === n));
    const item = this.list.children[n];
    this.input.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  choose(option) {
    if (!option) return;
    if (this.many) {
      for (const { label } of option.items) this.add(label);
      this.input.value = "";
    } else {
      this.input.value = option.items[0].label;
    }
    this.close();
    this.status.textContent = this.box.dataset.chosen.replace("{name}", option.items.map((one) => one.name).join(", "));
    this.text.dispatchEvent(new Event("change", { bubbles: true }));
  }

  close() {
    this.list.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  // A name that was typed and not chosen is a line of its own, which the server reads.
  leave() {
    this.close();
    if (this.many && this.input.value.trim()) {
      this.add(this.input.value.trim());
      this.input.value = "";
    }
  }

  chosen() {
    return this.text.value.split("\n").map((line) => line.trim()).filter(Boolean);
  }

  // A part of a chosen province replaces it, and a province replaces its parts.
  add(label) {
    const others = this.chosen().filter((one) => !liesIn(one, label) && !liesIn(label, one));
    this.write([...new Set([...others, label])]);
  }

  remove(label) {
    this.write(this.chosen().filter((one) => one !== label));
  }

  write(labels) {
    this.text.value = labels.join("\n");
    this.showChips();
    this.text.dispatchEvent(new Event("change", { bubbles: true }));
  }

  showChips() {
    const labels = this.chosen();
    this.chips.replaceChildren(...labels.map((label) => this.makeChip(label)));
    for (const box of this.box.querySelectorAll(".pick-list input")) box.checked = labels.includes(box.value);
    for (const path of this.box.querySelectorAll(".pick-map [data-label]")) {
      path.classList.toggle("chosen", labels.includes(path.dataset.label));
    }
  }

  makeChip(label) {
    const chip = document.createElement("li");
    const name = nameOf(label);
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
    button.setAttribute("aria-label", this.box.dataset.remove.replace("{name}", name));
    button.addEventListener("click", () => {
      this.remove(label);
      this.input.focus();
    });
    chip.append(Object.assign(document.createElement("span"), { textContent: name.split(", ")[0], title: name }), button);
    return chip;
  }

  bindList() {
    for (const box of this.box.querySelectorAll(".pick-list input")) {
      box.addEventListener("change", (event) => {
        event.stopPropagation();
        if (box.checked) this.add(box.value);
        else this.remove(box.value);
      });
    }
  }

  bindMap() {
    const details = this.box.querySelector("details");
    if (!details) return;
    const map = details.querySelector(".pick-map");
    const name = details.querySelector(".pick-name");
    details.addEventListener("toggle", async () => {
      if (!details.open || !map.hidden) return;
      const answer = await fetch(map.dataset.map);
      if (!answer.ok) return;
      map.innerHTML = await answer.text(); // a part of this site's own pages
      map.hidden = false;
      this.showChips();
    });
    map.addEventListener("pointerover", ({ target }) => {
      if (target.dataset.label) name.textContent = nameOf(target.dataset.label).split(", ")[0];
    });
    map.addEventListener("click", ({ target }) => {
      const { label } = target.dataset;
      if (!label) return;
      if (this.chosen().includes(label)) this.remove(label);
      else this.add(label);
    });
  }
}

// Labels are "Name, names above it (code)".
function liesIn(label, area) {
  const [, ...above] = nameOf(label).split(", ");
  return above.length > 0 && nameOf(area) === above.join(", ");
}

function nameOf(label) {
  return label.replace(/ \(\d+\)$/, "");
}

// Before the successors of an ended unit stands the choice of all of them that are likely.
function withGroups(items) {
  const options = [];
  const grouped = new Set();
  for (const item of items) {
    const { was } = item;
    if (was && !grouped.has(was.label)) {
      grouped.add(was.label);
      const heirs = items.filter((one) => one.was?.label === was.label && one.likely);
      if (heirs.length > 1) options.push({ group: was, items: heirs });
    }
    options.push({ items: [item] });
  }
  return options;
}

for (const box of document.querySelectorAll("[data-units]")) new UnitPicker(box);
