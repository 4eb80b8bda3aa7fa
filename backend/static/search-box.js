// The search of the public pages: a list of units below the field; each leads to its page.
import { UnitCombobox } from "./combobox.js";

class SearchBox extends UnitCombobox {
  // An ended unit with several successors is one option, which leads to the list of them.
  optionsOf(items) {
    const options = new Map();
    for (const item of items) {
      const key = item.was ? item.was.label : item.label;
      if (options.has(key)) options.get(key).items.push(item);
      else options.set(key, { was: item.was, items: [item] });
    }
    return [...options.values()];
  }

  textOf({ was, items }) {
    const { former, now } = this.box.dataset;
    const [first] = items;
    if (!was) return [first.name, first.place];
    const names = items.map((one) => one.name).join(", ");
    return [former.replace("{name}", was.name), [was.place, now.replace("{names}", names)].filter(Boolean).join(" · ")];
  }

  onEnter(event) {
    if (this.active < 0) return; // the form is sent
    event.preventDefault();
    this.choose(this.options[this.active]);
  }

  choose({ was, items }) {
    const { unit, reform } = this.box.dataset;
    const path = was && items.length > 1 ? `${reform}${was.code}` : `${unit}${items[0].code}`;
    const lang = new URLSearchParams(location.search).get("lang");
    location.assign(path + (lang ? `?lang=${lang}` : ""));
  }
}

const form = document.querySelector(".top .search");
new SearchBox(form, form.querySelector("[type=search]"), form.querySelector("label").textContent).schedule();
