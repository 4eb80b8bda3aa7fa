// MapLibre over our own tiles: what all maps of units have in common. Figures are joined to the
// units by code, as the state of a feature.
import * as maplibre from "./vendor/maplibre/maplibre-gl.mjs";

export const WHOLE = [[101.9, 5.7], [118.0, 23.7]];
const LEVELS = ["province", "commune"];
const STEPS = ["none", "started", "quarter", "half", "reached"];

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export function byStep() {
  const step = ["coalesce", ["feature-state", "step"], 0];
  const cases = STEPS.slice(1).flatMap((name, at) => [at + 1, colour(`step-${name}`)]);
  return ["match", step, ...cases, colour("step-none")];
}

// PMTiles' own script is no module: it leaves a name behind.
function script(url) {
  return new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    Object.assign(tag, { src: url, onload: resolve, onerror: reject });
    document.head.append(tag);
  });
}

// Before its own rules apply a map is as tall as it wants, and looks past the country.
function styled(link) {
  link.media = "all";
  if (link.sheet) return null;
  return new Promise((resolve, reject) => Object.assign(link, { onload: resolve, onerror: reject }));
}

// Put a map of a kind in the place of the server's drawing, once its tiles are there.
export async function draw(figure, Kind) {
  const { tiles, set } = figure.dataset;
  const url = (digest) => new URL(tiles.replace("0.pmtiles", `${digest}.pmtiles`), location.href).href;
  const there = await fetch(url(set), { method: "HEAD" });
  if (!there.ok) return; // they are being built; the server's drawing stands
  await script(new URL("./vendor/pmtiles/pmtiles.js", import.meta.url).href);
  await styled(document.getElementById("map-style"));
  maplibre.setWorkerUrl(new URL("./vendor/maplibre/maplibre-gl-worker.mjs", import.meta.url).href);
  maplibre.addProtocol("pmtiles", new globalThis.pmtiles.Protocol().tile);
  figure.map = new Kind(figure, url); // for benches and tests, too
  figure.map.begin();
}

export class UnitMap {
  // What a kind may have otherwise.
  communesFrom = 6.5; // the zoom from which communes are told apart
  bounds = WHOLE;
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
      const seen = canvas.clientHeight > 0; // on paper it is not
      if (seen && !this.moved) this.map.fitBounds(this.bounds, { padding: this.padding, animate: false });
    });
    this.tools();
    this.labels();
    this.points();
    addEventListener("themechange", () => this.recolour());
  }

  // How a unit is coloured.
  filled() {
    return byStep();
  }

  // Layers and their sources above the units.
  above() {
    return { sources: {}, layers: [] };
  }

  style(set) {
    const ids = Object.fromEntries(LEVELS.map((level) => [level, "code"]));
    const units = { type: "vector", url: `pmtiles://${this.url(set)}`, promoteId: ids };
    const fill = (level, zooms) => ({
      id: level, type: "fill", source: "units", "source-layer": level, ...zooms,
      paint: { "fill-color": this.filled(), "fill-antialias": true },
    });
    const line = (id, level, width, zooms = {}) => ({
      id, type: "line", source: "units", "source-layer": level, ...zooms,
      paint: { "line-color": colour("paper"), "line-width": width },
    });
    const { sources, layers } = this.above();
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

  // Names are HTML: no server of glyphs is needed, and they are read and selected as text.
  labels() {
    for (const { name, label, islands } of this.sea()) {
      const element = document.createElement("span");
      element.className = islands ? "sea-label islands-label" : "sea-label";
      element.textContent = name;
      new maplibre.Marker({ element, anchor: "center" }).setLngLat(label).addTo(this.map);
    }
  }

  // Where the islands are out of sight they stand in a corner.
  inset() {
    const seen = this.map.getBounds();
    const all = this.sea().flatMap((one) => one.islands ?? []).every((point) => seen.contains(point));
    this.figure.classList.toggle("part", !all);
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

  // Only what differs from before is told to the map: { levels: { level: { code: [step, has, need] } } }.
  paint({ levels }) {
    const began = performance.now();
    for (const sourceLayer of LEVELS) {
      const now = levels[sourceLayer] ?? {};
      const before = this.painted[sourceLayer];
      for (const id of new Set([...Object.keys(before), ...Object.keys(now)])) {
        const step = now[id]?.[0] ?? 0;
        const told = id in now;
        if (step !== (before[id]?.[0] ?? 0) || told !== id in before) {
          this.map.setFeatureState({ source: "units", sourceLayer, id }, { step, told });
        }
      }
      this.painted[sourceLayer] = now;
    }
    this.map.once("render", () => {
      this.repainted = performance.now() - began;
      this.figure.classList.add("painted"); // until now the server's drawing lay over it
    });
    this.map.triggerRepaint();
  }

  recolour() {
    if (!this.map.isStyleLoaded()) return void this.map.once("idle", () => this.recolour());
    for (const level of LEVELS) this.map.setPaintProperty(level, "fill-color", this.filled());
    for (const id of ["commune-line", "province-line"]) this.map.setPaintProperty(id, "line-color", colour("paper"));
    this.map.setPaintProperty("sea", "background-color", colour("sea"));
    this.map.setPaintProperty("islands", "circle-color", colour("ink"));
  }

  // A unit is named where the pointer is, and opened where it is pressed.
  points() {
    const tip = document.getElementById("tip");
    const unitAt = ({ point }) => this.map.queryRenderedFeatures(point, { layers: LEVELS })[0];
    this.map.on("mousemove", (event) => {
      const unit = unitAt(event);
      this.map.getCanvas().style.cursor = unit ? "pointer" : "";
      tip.hidden = !unit;
      if (!unit) return;
      tip.textContent = this.words(unit);
      const { x, y } = event.point;
      tip.style.transform = `translate(${Math.min(x + 12, this.map.getCanvas().clientWidth - 190)}px, ${y + 14}px)`;
    });
    this.map.on("mouseout", () => (tip.hidden = true));
    this.map.on("click", (event) => {
      const unit = unitAt(event);
      if (unit) this.open(unit);
    });
  }

  words({ sourceLayer, properties: { code, name } }) {
    const [, has, need] = this.painted[sourceLayer][code] ?? [0, 0, 0];
    const { of, none } = this.figure.dataset;
    if (!has) return `${name}: ${none}`;
    const part = this.number.format(has);
    return `${name}: ${need ? of.replace("{value}", part).replace("{target}", this.number.format(need)) : part}`;
  }
}
