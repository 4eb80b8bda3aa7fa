// Released places without a connection as a layer of a map of units; loaded when it is first shown.
import { colour, UnitMap } from "./map-drawing.js";

const NONE = { type: "FeatureCollection", features: [] };
// Colour, opacity and filter of the layers; the cells of a place have resolution 8, larger areas less.
const LAYERS = {
  "places-area": ["ink", 0.12, ["<", ["get", "resolution"], 8]],
  "places-place": ["accent", 0.5, ["all", ["==", ["get", "resolution"], 8], ["!", ["get", "zone"]]]],
  "places-zone": ["lack", 0.8, ["get", "zone"]],
};

const FAR_ZOOM = 8;

export class PlacesMap extends UnitMap {
  begin() {
    this.placesByMonth = new Map();
    super.begin();
    const choice = document.getElementById("places-choice");
    if (!choice) return; // only mobile networks have such places
    choice.hidden = false;
    choice.querySelector("input").addEventListener("change", () => this.showPlaces());
  }

  overlays() {
    const visibility = this.placesShown() ? "visible" : "none";
    const layers = Object.entries(LAYERS).flatMap(([id, [name, opacity, filter]]) => [
      { id, type: "fill", source: "places", filter, layout: { visibility }, paint: { "fill-color": colour(name), "fill-opacity": opacity } },
      // Far away a cell is smaller than a pixel: a dot at its corners, which lie at one place there.
      { id: `${id}-dot`, type: "circle", source: "places", filter, maxzoom: FAR_ZOOM, layout: { visibility }, paint: {
        "circle-color": colour(name), "circle-radius": 4, "circle-opacity": 0.35 } },
      { id: `${id}-line`, type: "line", source: "places", filter, layout: { visibility }, paint: {
        "line-color": colour(name), "line-width": 1.5, ...(id === "places-area" && { "line-dasharray": [3, 2] }) } },
    ]);
    return { sources: { places: { type: "geojson", data: this.places ?? NONE } }, layers };
  }

  placesShown() {
    return document.querySelector("#places-choice input")?.checked ?? false;
  }

  // The month of the map; a subclass may change it.
  shownMonth() {
    return this.figure.dataset.month;
  }

  async fetchPlaces(month) {
    if (!this.placesByMonth.has(month)) {
      const url = new URL(this.figure.dataset.places, location.href);
      url.searchParams.set("month", month);
      url.searchParams.set("format", "geojson");
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`places of ${month}: ${answer.status}`);
      this.placesByMonth.set(month, await answer.json());
    }
    return this.placesByMonth.get(month);
  }

  // Show the places of the month if they are chosen, and say how many there are.
  async showPlaces() {
    const state = document.getElementById("places-state");
    if (!state) return;
    const shown = this.placesShown();
    for (const id of Object.keys(LAYERS)) {
      for (const layer of [id, `${id}-dot`, `${id}-line`]) this.map.setLayoutProperty(layer, "visibility", shown ? "visible" : "none");
    }
    document.getElementById("places-legend").hidden = !shown;
    if (!shown) return void (state.textContent = "");
    const month = this.shownMonth();
    const found = await this.fetchPlaces(month).catch(() => null);
    if (month !== this.shownMonth()) return; // another month was chosen meanwhile
    this.places = found ?? NONE;
    this.map.getSource("places").setData(this.places);
    const n = this.places.features.length;
    const { failed, none, due, some } = state.dataset;
    const text = n ? some : this.places.release?.made_at ? none : due;
    state.textContent = found ? text.replace("{n}", this.number.format(n)) : failed;
  }

  recolour() {
    super.recolour();
    if (!this.map.isStyleLoaded()) return; // the base class calls this again when idle
    for (const [id, [name]] of Object.entries(LAYERS)) {
      this.map.setPaintProperty(id, "fill-color", colour(name));
      this.map.setPaintProperty(`${id}-dot`, "circle-color", colour(name));
      this.map.setPaintProperty(`${id}-line`, "line-color", colour(name));
    }
  }
}
