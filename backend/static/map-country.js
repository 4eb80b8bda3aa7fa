// The map of the country: a slider chooses the month, a click opens the page of a unit.
import { draw } from "./map-drawing.js";
import { PlacesMap } from "./map-places.js";

export const begin = (figure) => draw(figure, CountryMap);

class CountryMap extends PlacesMap {
  constructor(figure, url) {
    super(figure, url);
    this.months = figure.dataset.months.split(" ").filter(Boolean);
    this.month = figure.dataset.month;
    this.failed = new Set(); // parts of the month that could not be loaded: map, page
    this.figuresByMonth = new Map();
  }

  begin() {
    super.begin();
    this.map.on("load", () => this.show(this.month));
    this.slider();
    document.getElementById("map-again").addEventListener("click", () => this.retry());
  }

  async figures(month) {
    if (!this.figuresByMonth.has(month)) {
      const query = new URLSearchParams({ month, network: this.figure.dataset.network });
      const answer = await fetch(`${this.figure.dataset.figures}?${query}`);
      if (!answer.ok) throw new Error(`figures of ${month}: ${answer.status}`);
      this.figuresByMonth.set(month, await answer.json());
    }
    return this.figuresByMonth.get(month);
  }

  async show(month) {
    const figures = await this.figures(month).catch(() => null);
    if (month !== this.month) return; // another month was chosen meanwhile
    this.showFailed("map", !figures);
    if (!figures) return; // the map stays as it is
    if (figures.set !== this.shown) {
      const first = !this.shown;
      this.shown = figures.set;
      this.painted = { province: {}, commune: {} };
      if (!first) {
        this.map.setStyle(this.style(figures.set));
        await this.map.once("style.load");
      }
    }
    this.paint(figures);
    this.showPlaces();
  }

  shownMonth() {
    return this.month;
  }

  // Show or hide the message that figures of the map or of the page could not be loaded.
  showFailed(part, failed) {
    this.failed[failed ? "add" : "delete"](part);
    const message = document.getElementById("map-missing");
    message.hidden = !this.failed.size;
    message.firstElementChild.textContent = message.dataset.text.replace("{month}", formatMonth(this.month));
  }

  retry() {
    this.show(this.month);
    if (this.failed.has("page")) this.updatePage();
  }

  // The map follows while the slider moves; the page follows when it stops.
  slider() {
    if (this.months.length < 2) return;
    const input = document.getElementById("month");
    document.getElementById("slider").hidden = false;
    input.value = Math.max(this.months.indexOf(this.month), 0);
    input.setAttribute("aria-valuetext", formatMonth(this.month));
    input.addEventListener("input", () => {
      this.month = this.months[input.value];
      this.failed.clear();
      document.getElementById("month-shown").textContent = formatMonth(this.month);
      input.setAttribute("aria-valuetext", formatMonth(this.month));
      this.show(this.month);
    });
    input.addEventListener("change", () => this.updatePage());
    addEventListener("popstate", () => location.reload());
  }

  // Replace the texts and figures of the page by those of the month; the map and its slider stay.
  async updatePage() {
    const month = this.month;
    const url = new URL(location.href);
    url.searchParams.set("month", month);
    const headers = { "Accept-Language": document.documentElement.lang };
    const answer = await fetch(url, { headers }).catch(() => null);
    const text = answer?.ok ? await answer.text().catch(() => null) : null;
    if (month !== this.month) return; // another month was chosen meanwhile
    this.showFailed("page", text === null);
    if (text === null) return; // the page stays as it is
    const page = new DOMParser().parseFromString(text, "text/html");
    history.pushState(null, "", url);
    document.title = page.title;
    document.querySelector("a[hreflang]").href = page.querySelector("a[hreflang]").getAttribute("href");
    const newMap = page.getElementById("map");
    for (const part of [".drawn", ".inset"]) this.figure.querySelector(part).replaceWith(newMap.querySelector(part));
    replaceSiblings(this.figure, newMap);
    replaceSiblings(this.figure.parentNode, newMap.parentNode);
  }

  open({ properties: { code } }) {
    const url = new URL(this.figure.dataset.unit + code, location.href);
    const lang = new URLSearchParams(location.search).get("lang");
    const query = { month: this.month, network: this.figure.dataset.network, ...(lang && { lang }) };
    url.search = new URLSearchParams(query);
    location.assign(url);
  }
}

const formatMonth = (month) => month.split("-").reverse().join("/");

// Replace the siblings of an element by those of its counterpart in the new page.
function replaceSiblings(kept, counterpart) {
  for (const one of [...kept.parentNode.childNodes]) if (one !== kept) one.remove();
  const all = [...counterpart.parentNode.childNodes];
  const at = all.indexOf(counterpart);
  kept.before(...all.slice(0, at));
  kept.after(...all.slice(at + 1));
}
