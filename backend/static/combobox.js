// An editable combobox with a list, after the ARIA pattern, fed by /api/v1/units/search.
const WAIT_MS = 150;

let numbers = 0;

async function find(query) {
  const answer = await fetch(`/api/v1/units/search?${query}`, { headers: { "Accept-Language": document.documentElement.lang } });
  if (!answer.ok) throw new Error(answer.status);
  return (await answer.json()).items;
}

export class UnitCombobox {
  // The data of `box` are its texts (found, none, unreachable) and limits of the search.
  constructor(box, input, label) {
    this.box = box;
    this.input = input;
    this.options = [];
    this.active = -1;
    this.list = this.makeList(label);
    this.status = box.appendChild(Object.assign(document.createElement("p"), { className: "unseen" }));
    this.status.setAttribute("role", "status");
    this.prepareInput();
  }

  // What a subclass decides: the options of an answer, the name and the place of one, its choice.
  optionsOf(items) {
    return items.map((item) => ({ items: [item] }));
  }

  makeList(label) {
    const list = document.createElement("ul");
    list.id = `units-${(numbers += 1)}`;
    list.className = "unit-options";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", label);
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
    const asked = (this.asked = {});
    if (!q) return this.close();
    const query = new URLSearchParams({ q });
    for (const [name, key] of [["within", "within"], ["level", "level"], ["as_of", "day"]]) {
      if (this.box.dataset[key]) query.set(name, this.box.dataset[key]);
    }
    try {
      const items = await find(query);
      const reason = items.length ? "" : await this.reasonOf(query);
      if (asked !== this.asked) return;
      this.reason = reason;
      if (document.activeElement === this.input) this.show(items);
    } catch {
      if (asked === this.asked) this.status.textContent = this.box.dataset.unreachable;
    }
  }

  // Why no unit has a name: it lies outside the person's area, or there is none.
  async reasonOf(query) {
    query.delete("within");
    const [outside] = this.box.dataset.within ? await find(query) : [];
    return outside ? this.box.dataset.outside.replace("{name}", outside.name) : this.box.dataset.none;
  }

  show(items) {
    this.options = this.optionsOf(items);
    this.active = -1;
    this.list.replaceChildren(...this.options.map((option, n) => this.makeOption(option, n)));
    if (!this.options.length) {
      const none = Object.assign(document.createElement("li"), { className: "none", textContent: this.reason });
      none.setAttribute("role", "presentation");
      this.list.append(none);
    }
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.status.textContent = this.reason || this.box.dataset.found.replace("{n}", this.options.length);
    this.input.removeAttribute("aria-activedescendant");
  }

  makeOption(option, n) {
    const item = document.createElement("li");
    item.id = `${this.list.id}-${n}`;
    item.dataset.n = n;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const [name, place] = this.textOf(option);
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
      this.onEnter(event);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    }
  }

  activate(n) {
    this.active = n;
    for (const item of this.list.children) item.setAttribute("aria-selected", String(Number(item.dataset.n) === n));
    const item = this.list.children[n];
    this.input.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.list.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  leave() {
    this.close();
  }
}
