// The country by month: it follows the slider, and leads to the pages of its units.
import { draw, UnitMap } from "./map-drawing.js";

export const begin = (figure) => draw(figure, CountryMap);

class CountryMap extends UnitMap {
  constructor(figure, url) {
    super(figure, url);
    this.months = figure.dataset.months.split(" ").filter(Boolean);
    this.month = figure.dataset.month;
    this.told = new Map(); // figures by month
  }

  begin() {
    super.begin();
    this.map.on("load", () => this.show(this.month));
    this.slider();
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
    const told = await this.figures(month);
    if (month !== this.month) return; // the slider has moved on
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

  // While it moves the map follows; where it stops the page does.
  slider() {
    if (this.months.length < 2) return;
    const input = document.getElementById("month");
    document.getElementById("slider").hidden = false;
    input.value = Math.max(this.months.indexOf(this.month), 0);
    const spoken = (month) => month.split("-").reverse().join("/");
    input.setAttribute("aria-valuetext", spoken(this.month));
    input.addEventListener("input", () => {
      this.month = this.months[input.value];
      document.getElementById("month-shown").textContent = spoken(this.month);
      input.setAttribute("aria-valuetext", spoken(this.month));
      this.show(this.month);
    });
    input.addEventListener("change", () => {
      const url = new URL(location.href);
      url.searchParams.set("month", this.month);
      location.assign(url);
    });
  }

  open({ properties: { code } }) {
    const url = new URL(this.figure.dataset.unit + code, location.href);
    const lang = new URLSearchParams(location.search).get("lang");
    const query = { month: this.month, network: this.figure.dataset.network, ...(lang && { lang }) };
    url.search = new URLSearchParams(query);
    location.assign(url);
  }
}
