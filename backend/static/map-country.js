// The country by month: it follows the slider, and leads to the pages of its units.
import { draw, UnitMap } from "./map-drawing.js";

export const begin = (figure) => draw(figure, CountryMap);

class CountryMap extends UnitMap {
  constructor(figure, url) {
    super(figure, url);
    this.months = figure.dataset.months.split(" ").filter(Boolean);
    this.month = figure.dataset.month;
    this.lacking = new Set(); // what could not be loaded of the month
    this.told = new Map(); // figures by month
  }

  begin() {
    super.begin();
    this.map.on("load", () => this.show(this.month));
    this.slider();
    document.getElementById("map-again").addEventListener("click", () => this.again());
  }

  async figures(month) {
    if (!this.told.has(month)) {
      const query = new URLSearchParams({ month, network: this.figure.dataset.network });
      const answer = await fetch(`${this.figure.dataset.figures}?${query}`);
      if (!answer.ok) throw new Error(`figures of ${month}: ${answer.status}`);
      this.told.set(month, await answer.json());
    }
    return this.told.get(month);
  }

  async show(month) {
    const told = await this.figures(month).catch(() => null);
    if (month !== this.month) return; // the slider has moved on
    this.missing("map", !told);
    if (!told) return; // the map stays as it was
    if (told.set !== this.shown) {
      const first = !this.shown;
      this.shown = told.set;
      this.painted = { province: {}, commune: {} };
      if (!first) {
        this.map.setStyle(this.style(told.set));
        await this.map.once("style.load");
      }
    }
    this.paint(told);
  }

  // Say that the month's figures could not be had, of the map or of the page around it.
  missing(part, lacks) {
    this.lacking[lacks ? "add" : "delete"](part);
    const told = document.getElementById("map-missing");
    told.hidden = !this.lacking.size;
    told.firstElementChild.textContent = told.dataset.words.replace("{month}", spoken(this.month));
  }

  again() {
    this.show(this.month);
    if (this.lacking.has("page")) this.turn();
  }

  // While it moves the map follows; where it stops the page does.
  slider() {
    if (this.months.length < 2) return;
    const input = document.getElementById("month");
    document.getElementById("slider").hidden = false;
    input.value = Math.max(this.months.indexOf(this.month), 0);
    input.setAttribute("aria-valuetext", spoken(this.month));
    input.addEventListener("input", () => {
      this.month = this.months[input.value];
      this.lacking.clear();
      document.getElementById("month-shown").textContent = spoken(this.month);
      input.setAttribute("aria-valuetext", spoken(this.month));
      this.show(this.month);
    });
    input.addEventListener("change", () => this.turn());
    addEventListener("popstate", () => location.reload());
  }

  // The words and figures of the month come into the page; the map and its slider stay.
  async turn() {
    const month = this.month;
    const url = new URL(location.href);
    url.searchParams.set("month", month);
    const headers = { "Accept-Language": document.documentElement.lang };
    const answer = await fetch(url, { headers }).catch(() => null);
    const text = answer?.ok ? await answer.text().catch(() => null) : null;
    if (month !== this.month) return; // the slider has moved on
    this.missing("page", text === null);
    if (text === null) return; // the page stays as it was
    const page = new DOMParser().parseFromString(text, "text/html");
    history.pushState(null, "", url);
    document.title = page.title;
    document.querySelector("a[hreflang]").href = page.querySelector("a[hreflang]").getAttribute("href");
    const fresh = page.getElementById("map");
    for (const part of [".drawn", ".inset"]) this.figure.querySelector(part).replaceWith(fresh.querySelector(part));
    page.querySelector("form.search").replaceWith(document.querySelector("form.search")); // with what is typed
    turned(this.figure, fresh);
    turned(this.figure.parentNode, fresh.parentNode);
  }

  open({ properties: { code } }) {
    const url = new URL(this.figure.dataset.unit + code, location.href);
    const lang = new URLSearchParams(location.search).get("lang");
    const query = { month: this.month, network: this.figure.dataset.network, ...(lang && { lang }) };
    url.search = new URLSearchParams(query);
    location.assign(url);
  }
}

const spoken = (month) => month.split("-").reverse().join("/");

// Put what stands around a part of the fresh page around the part that stays.
function turned(stays, fresh) {
  for (const one of [...stays.parentNode.childNodes]) if (one !== stays) one.remove();
  const all = [...fresh.parentNode.childNodes];
  const at = all.indexOf(fresh);
  stays.before(...all.slice(0, at));
  stays.after(...all.slice(at + 1));
}
