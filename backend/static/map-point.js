// The map on which an official sets the position of a place or of a hamlet: the cross in the middle is the point.
import { colour, draw, UnitMap } from "./map-drawing.js";

const DECIMALS = 5; // a metre
// Zooms: a commune of 10 km fits a phone where a point is shown; a pixel is 18 m where it is set exactly.
const AT_POINT = 11;
const AT_COMMUNE = 10;
const EXACT_FROM = 12;
// Two numbers, each with a point or a comma, as the server reads them.
const POSITION = /^\s*(\d+(?:[.,]\d+)?)\s*(?:[;,]\s*|\s+)(\d+(?:[.,]\d+)?)\s*$/;

export const begin = (figure) => draw(figure, PointMap);

class PointMap extends UnitMap {
  communesFrom = 5; // the first zoom with communes in the tiles
  namesFrom = 6; // the first zoom with their names
  maxZoom = 17;

  constructor(figure, url) {
    super(figure, url);
    const [west, south, east, north] = JSON.parse(figure.dataset.bounds);
    this.bounds = [[west, south], [east, north]];
    this.centres = JSON.parse(figure.dataset.centres);
    this.field = document.getElementById("position");
    this.commune = document.getElementById("unit"); // of a hamlet's form alone
    this.state = document.getElementById("picked");
  }

  begin() {
    super.begin();
    this.show();
    this.field.addEventListener("change", () => this.show());
    this.commune?.addEventListener("change", () => this.field.value.trim() || this.show());
    this.map.on("moveend", ({ originalEvent }) => {
      this.picking ||= Boolean(originalEvent);
      if (this.picking) this.write();
    });
    this.map.getCanvas().focus();
  }

  fillColour() {
    return colour("neighbour");
  }

  // Borders of communes: without a base map they are all there is to be seen.
  overlays() {
    const edges = { id: "edges", type: "line", source: "units", "source-layer": "commune", paint: {
      "line-color": colour("edge"), "line-width": ["interpolate", ["linear"], ["zoom"], 7, 0.5, 11, 1.5] } };
    return { sources: {}, layers: [edges] };
  }

  recolour() {
    super.recolour();
    if (!this.map.isStyleLoaded()) return; // the base class calls this again when idle
    this.map.setPaintProperty("edges", "line-color", colour("edge"));
  }

  // Show the typed position, else the chosen commune; it is no choice of the person.
  show() {
    const typed = POSITION.exec(this.field.value)?.slice(1).map((text) => Number(text.replace(",", ".")));
    const commune = this.centres[this.commune?.value];
    if (!typed && !commune) return;
    this.picking = false;
    this.state.textContent = "";
    this.moved = true;
    const [latitude, longitude] = typed ?? commune;
    this.map.jumpTo({ center: [longitude, latitude], zoom: typed ? AT_POINT : AT_COMMUNE });
  }

  // Write the middle of the map into the field.
  write() {
    const middle = this.map.getCenter();
    this.field.value = `${middle.lat.toFixed(DECIMALS)}, ${middle.lng.toFixed(DECIMALS)}`;
    const [unit] = this.map.queryRenderedFeatures(this.map.project(middle), { layers: ["commune"] });
    const { chosen, outside, coarse } = this.state.dataset;
    const text = chosen.replace("{position}", this.field.value).replace("{commune}", unit?.properties.name ?? outside);
    this.state.textContent = this.map.getZoom() < EXACT_FROM ? `${text} ${coarse}` : text;
  }

  // The buttons zoom around the point; the whole country is of no use here.
  tools() {
    const tools = document.getElementById("map-tools");
    tools.hidden = false;
    tools.querySelector("[data-zoom='0']").remove();
    tools.addEventListener("click", ({ target }) => this.map.zoomTo(this.map.getZoom() + Number(target.dataset.zoom)));
  }

  listenToPointer() {
    this.map.getCanvas().style.cursor = "crosshair";
    this.map.on("click", ({ lngLat, originalEvent }) => this.map.easeTo({ center: lngLat }, { originalEvent }));
  }
}
