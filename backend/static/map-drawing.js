// Base class of the maps of units: MapLibre with tiles of this server. Figures are joined to units
// by code, as feature state.
import * as maplibre from "./vendor/maplibre/maplibre-gl.mjs";

export const COUNTRY = [[101.9, 5.7], [118.0, 23.7]];
const LEVELS = ["province", "commune"];
const STEPS = ["none", "started", "quarter", "half", "reached"];

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export function byStep() {
  const step = ["coalesce", ["feature-state", "step"], 0];
  const cases = STEPS.slice(1).flatMap((name, at) => [at + 1, colour(`step-${name}`)]);
  return ["match", step, ...cases, colour("step-none")];
}

// The script of PMTiles is not a module: it defines a global.
function loadScript(url) {
  return new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    Object.assign(tag, { src: url, onload: resolve, onerror: reject });
    document.head.append(tag);
  });
}

// The map is drawn after its stylesheet has loaded, else its size is wrong.
function loadStyle(link) {
  link.media = "all";
  if (link.sheet) return null;
  return new Promise((resolve, reject) => Object.assign(link, { onload: resolve, onerror: reject }));
}

// Replace the drawing of the server by a map of class `Kind` if its tiles exist.
export async function draw(figure, Kind) {
  const { tiles, set } = figure.dataset;
  const url = (digest) => new URL(tiles.replace("0.pmtiles", `${digest}.pmtiles`), location.href).href;
  const tilesFound = await fetch(url(set), { method: "HEAD" });
  if (!tilesFound.ok) return; // they are being built; the drawing of the server stays
  await loadScript(new URL("./vendor/pmtiles/pmtiles.js", import.meta.url).href);
  await loadStyle(document.getElementById("map-style"));
  maplibre.setWorkerUrl(new URL("./vendor/maplibre/maplibre-gl-worker.mjs", import.meta.url).href);
  maplibre.addProtocol("pmtiles", new globalThis.pmtiles.Protocol().tile);
  figure.map = new Kind(figure, url); // also used by benchmarks and tests
  figure.map.begin();
}

export class UnitMap {
  // Subclasses may override these.
  communesFrom = 6.5; // the zoom from which communes are drawn
  bounds = COUNTRY;
  padding = 8;

  constructor(figure, url) {
    this.figure = figure;
    this.url = url;
    this.painted = { province: {}, commune: {} };
    this.number = new Intl.NumberFormat(document.documentElement.lang === "en" ? "en-GB" : "vi-VN");
  }

  begin() {
    const canvas = document.getElementById("canvas");
    canvas.hidden = false;
    this.figure.classList.add("scripted");
    this.map = new maplibre.Map({
      container: canvas,
      style: this.style(this.figure.dataset.set),
      bounds: this.bounds,
      fitBoundsOptions: { padding: this.padding },
      maxBounds: [[92, -2], [128, 31]],
      minZoom: 3,
      maxZoom: 12,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      cooperativeGestures: true, // one finger and the wheel scroll the page
      locale: {
        "Map.Title": this.figure.dataset.title,
        "CooperativeGesturesHandler.WindowsHelpText": this.figure.dataset.wheel,
        "CooperativeGesturesHandler.MacHelpText": this.figure.dataset.wheel,
        "CooperativeGesturesHandler.MobileHelpText": this.figure.dataset.fingers,
      },
      fadeDuration: 0,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.on("moveend", (event) => {
      this.moved ||= Boolean(event.originalEvent);
      this.inset();
    });
    this.map.on("resize", () => {
      const visible = canvas.clientHeight > 0; // not in print
      if (visible && !this.moved) this.map.fitBounds(this.bounds, { padding: this.padding, animate: false });
    });
    this.tools();
    this.labels();
    this.listenToPointer();
    addEventListener("themechange", () => this.recolour());
  }

  // The fill colour of a unit, as a MapLibre expression.
  fillColour() {
    return byStep();
  }

  // Layers and their sources above the units.
  overlays() {
    return { sources: {}, layers: [] };
  }

  style(set) {
    const ids = Object.fromEntries(LEVELS.map((level) => [level, "code"]));
    const units = { type: "vector", url: `pmtiles://${this.url(set)}`, promoteId: ids };
    const fill = (level, zooms) => ({
      id: level, type: "fill", source: "units", "source-layer": level, ...zooms,
      paint: { "fill-color": this.fillColour(), "fill-antialias": true },
    });
    const line = (id, level, width, zooms = {}) => ({
      id, type: "line", source: "units", "source-layer": level, ...zooms,
      paint: { "line-color": colour("paper"), "line-width": width },
    });
    const { sources, layers } = this.overlays();
    return {
      version: 8,
      sources: { units, islands: { type: "geojson", data: this.islands() }, ...sources },
      layers: [
        { id: "sea", type: "background", paint: { "background-color": colour("sea") } },
        fill("province", { maxzoom: this.communesFrom }),
        fill("commune", { minzoom: this.communesFrom }),
        line("commune-line", "commune", 0.5, { minzoom: this.communesFrom }),
        line("province-line", "province", 1.2),
        { id: "islands", type: "circle", source: "islands", paint: { "circle-radius": 2.5, "circle-color": colour("ink") } },
        ...layers,
      ],
    };
  }

  islands() {
    const points = this.sea().flatMap((one) => one.islands ?? []);
    return { type: "MultiPoint", coordinates: points };
  }

  sea() {
    return JSON.parse(this.figure.dataset.sea);
  }

  // Labels are HTML: no glyph server is needed, and screen readers read them.
  labels() {
    for (const { name, label, islands } of this.sea()) {
      const element = document.createElement("span");
      element.className = islands ? "sea-label islands-label" : "sea-label";
      element.textContent = name;
      new maplibre.Marker({ element, anchor: "center" }).setLngLat(label).addTo(this.map);
    }
  }

  // Show an inset with the islands when they are outside the visible part.
  inset() {
    const bounds = this.map.getBounds();
    const allVisible = this.sea().flatMap((one) => one.islands ?? []).every((point) => bounds.contains(point));
    this.figure.classList.toggle("part", !allVisible);
  }

  tools() {
    const tools = document.getElementById("map-tools");
    tools.hidden = false;
    tools.addEventListener("click", ({ target }) => {
      const step = Number(target.dataset.zoom);
      this.moved = Boolean(step);
      if (step) this.map.zoomTo(this.map.getZoom() + step);
      else this.map.fitBounds(this.bounds, { padding: this.padding });
    });
  }

  // Set the feature state of units that changed; figures: { levels: { level: { code: [step, has, need] } } }.
  paint({ levels }) {
    const began = performance.now();
    for (const sourceLayer of LEVELS) {
      const now = levels[sourceLayer] ?? {};
      const before = this.painted[sourceLayer];
      for (const id of new Set([...Object.keys(before), ...Object.keys(now)])) {
        const step = now[id]?.[0] ?? 0;
        const known = id in now;
        if (step !== (before[id]?.[0] ?? 0) || known !== id in before) {
          this.map.setFeatureState({ source: "units", sourceLayer, id }, { step, known });
        }
      }
      this.painted[sourceLayer] = now;
    }
    this.map.once("render", () => {
      this.repainted = performance.now() - began;
      this.figure.classList.add("painted"); // hides the drawing of the server
    });
    this.map.triggerRepaint();
  }

  recolour() {
    if (!this.map.isStyleLoaded()) return void this.map.once("idle", () => this.recolour());
    for (const level of LEVELS) this.map.setPaintProperty(level, "fill-color", this.fillColour());
    for (const id of ["commune-line", "province-line"]) this.map.setPaintProperty(id, "line-color", colour("paper"));
    this.map.setPaintProperty("sea", "background-color", colour("sea"));
    this.map.setPaintProperty("islands", "circle-color", colour("ink"));
  }

  // Name the unit under the pointer; open it on click.
  listenToPointer() {
    const tip = document.getElementById("tip");
    const unitAt = ({ point }) => this.map.queryRenderedFeatures(point, { layers: LEVELS })[0];
    this.map.on("mousemove", (event) => {
      const unit = unitAt(event);
      this.map.getCanvas().style.cursor = unit ? "pointer" : "";
      tip.hidden = !unit;
      if (!unit) return;
      tip.textContent = this.tipText(unit);
      const { x, y } = event.point;
      tip.style.transform = `translate(${Math.min(x + 12, this.map.getCanvas().clientWidth - 190)}px, ${y + 14}px)`;
    });
    this.map.on("mouseout", () => (tip.hidden = true));
    this.map.on("click", (event) => {
      const unit = unitAt(event);
      if (unit) this.open(unit);
    });
  }

  tipText({ sourceLayer, properties: { code, name } }) {
    const [, has, need] = this.painted[sourceLayer][code] ?? [0, 0, 0];
    const { of, none } = this.figure.dataset;
    if (!has) return `${name}: ${none}`;
    const part = this.number.format(has);
    return `${name}: ${need ? of.replace("{value}", part).replace("{target}", this.number.format(need)) : part}`;
  }
}
