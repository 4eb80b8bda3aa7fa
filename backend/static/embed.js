// The builder of widgets: the preview and the code follow the form; without scripts a button does it.
import { UnitCombobox } from "./combobox.js";

const form = document.getElementById("embed");
const frame = document.getElementById("frame");
const code = document.getElementById("code");
const SIZES = JSON.parse(form.dataset.sizes);

class UnitField extends UnitCombobox {
  optionsOf(items) {
    return items.filter((item) => item.likely).map((item) => ({ items: [item] }));
  }

  textOf({ items: [item] }) {
    const former = item.was && this.box.dataset.was.replace("{name}", item.was.name);
    return [item.name, [item.place, former].filter(Boolean).join(" · ")];
  }

  onEnter(event) {
    if (this.list.hidden || !this.options.length) return;
    event.preventDefault();
    this.choose(this.options[Math.max(this.active, 0)]);
  }

  choose({ items: [item] }) {
    this.input.value = item.label;
    this.close();
    update();
  }
}

function update() {
  const found = /\((\d+)\)$/.exec(form.unit.value.trim());
  if (!found || !frame) return form.requestSubmit(); // the server asks which unit is meant
  const name = form.unit.value.split(",")[0].replace(/ \(\d+\)$/, "");
  const query = new URLSearchParams({ network: form.network.value, lang: form.words.value });
  if (form.dataset.month) query.set("month", form.dataset.month);
  const address = `${form.dataset.widget.replace("CODE", found[1])}?${query}`;
  const [width, height] = SIZES[form.size.value];
  frame.src = address;
  Object.assign(frame, { width, height, title: `Đo Sóng: ${name}` });
  code.value = `<iframe src="${escape(address)}" title="Đo Sóng: ${escape(name)}" width="${width}" height="${height}" loading="lazy"></iframe>`;
  document.getElementById("unit-fault").textContent = "";
  history.replaceState(null, "", `${location.pathname}?${new URLSearchParams(new FormData(form))}`);
}

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

new UnitField(form, form.unit, form.querySelector("label").textContent);
for (const name of ["network", "size", "words"]) form[name].addEventListener("change", update);
if (frame) document.getElementById("apply").remove();
