// A field in which people name units: a combobox. Where several units are named, each is a chip with
// a button; the text of the form, one label a line, stays the only thing that is sent.
import { UnitCombobox } from "./combobox.js";

class UnitPicker extends UnitCombobox {
  constructor(box) {
    const many = "many" in box.dataset;
    const text = box.querySelector("textarea, input[name]");
    const chips = many && document.createElement("ul");
    super(box, many ? makeInput(text, chips) : text, box.querySelector("label").textContent);
    Object.assign(this, { many, text, chips, fault: box.querySelector(".fault") });
    if (many) this.showChips();
    this.bindList();
    this.bindMap();
  }

  optionsOf(items) {
    return this.many ? withGroups(items) : super.optionsOf(items);
  }

  textOf(option) {
    const [first] = option.items;
    const { was, all } = this.box.dataset;
    if (option.group) {
      return [all.replace("{name}", option.group.name), option.items.map((one) => one.name).join(", ")];
    }
    const former = first.was && was.replace("{name}", first.was.name);
    return [first.name, [first.place, former].filter(Boolean).join(" · ")];
  }

  onEnter(event) {
    if (this.list.hidden && !(this.many && this.input.value.trim())) return;
    event.preventDefault();
    this.choose(this.options[Math.max(this.active, 0)]);
  }

  onKey(event) {
    if (event.key === "Backspace" && this.many && !this.input.value) this.remove(this.chosen().at(-1));
    else super.onKey(event);
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
    this.fault.textContent = "";
    this.status.textContent = this.box.dataset.chosen.replace("{name}", option.items.map((one) => one.name).join(", "));
    this.text.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // A name that was typed and not chosen is a line of its own, which the server reads; why it cannot, if that is known.
  leave() {
    super.leave();
    const typed = this.input.value.trim();
    if (typed && this.reason) this.fault.textContent = this.reason;
    if (this.many && typed) {
      this.add(typed);
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

function makeInput(text, chips) {
  const input = document.createElement("input");
  const { id } = text;
  text.hidden = true;
  text.id = `${id}-text`;
  input.id = id;
  for (const name of ["aria-describedby", "aria-invalid"]) {
    const value = text.getAttribute(name);
    if (value) input.setAttribute(name, value);
  }
  chips.className = "chips";
  text.before(chips, input);
  return input;
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
