// Base class of the maps of units: MapLibre with tiles of this server. Figures are joined to units
// by code, as feature state.
import * as maplibre from "./vendor/maplibre/maplibre-gl.mjs";

export const COUNTRY = [[101.9, 5.7], [118.0, 23.7]];
const LEVELS = ["province", "commune"];
// Steps that differ from their neighbours by a pattern too.
const PATTERNS = ["none", "reached"];
const FONT = ["Inter", "sans-serif"]; // local fonts: the style has no glyph files
const STEPS = ["none", "started", "quarter", "half", "most", "reached"];

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export function byStep() {
  const step = ["coalesce", ["feature-state", "step"], 0];
  const cases = STEPS.slice(1).flatMap((name, at) => [at + 1, colour(`step-${name}`)]);
  return ["match", step, ...cases, "rgba(0, 0, 0, 0)"]; // no samples: the hatching below
}

// The script of PMTiles is not a module: it defines a global.
function loadScript(url) {
  return new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    Object.assign(tag, { src: url, onload: resolve, onerror: reject });
    document.head.append(tag);
  });
}

// The map is drawn after its stylesheet has loaded, else its size is wrong. It comes first, so that
// style.css can change it, and only now, so that pages stay light.
function loadStyle(href) {
  return new Promise((resolve, reject) => {
    document.head.prepend(Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: resolve, onerror: reject }));
  });
}

// Replace the drawing of the server by a map of class `Kind` if its tiles exist.
export async function draw(figure, Kind) {
  const { tiles, set } = figure.dataset;
  const url = (digest) => new URL(tiles.replace("0.pmtiles", `${digest}.pmtiles`), location.href).href;
  const tilesFound = await fetch(url(set), { method: "HEAD" });
  if (!tilesFound.ok) return; // they are being built; the drawing of the server stays
  await loadScript(new URL("./vendor/pmtiles/pmtiles.js", import.meta.url).href);
  await loadStyle(new URL("./vendor/maplibre/maplibre-gl.css", import.meta.url).href);
  maplibre.setWorkerUrl(new URL("./vendor/maplibre/maplibre-gl-worker.mjs", import.meta.url).href);
  maplibre.addProtocol("pmtiles", new globalThis.pmtiles.Protocol().tile);
  figure.map = new Kind(figure, url); // also used by benchmarks and tests
  figure.map.begin();
}

export class UnitMap {
  // Subclasses may override these.
  communesFrom = 6.5; // the zoom from which communes are drawn
  namesFrom = 9; // the zoom from which communes have names
  bounds = COUNTRY;
  padding = 8;
  maxZoom = 12;

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
      maxZoom: this.maxZoom,
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
    this.map.on("style.load", () => this.drawPatterns());
    this.tools();
    this.labels();
    this.credit();
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
    const line = (id, level, width, zooms = {}, name = "paper") => ({
      id, type: "line", source: "units", "source-layer": level, ...zooms,
      paint: { "line-color": colour(name), "line-width": width },
    });
    // A pattern cannot depend on the state of a feature, but its opacity can. Each property that depends on
    // it is computed again for every unit when another month is shown, so hatching lies below all units.
    const pattern = (name, level, zooms, more) => ({
      id: `${level}-${name}`, type: "fill", source: "units", "source-layer": level, ...zooms,
      paint: { "fill-pattern": `step-${name}`, "fill-antialias": false, ...more },
    });
    const names = (level, size, zooms) => ({
      id: `${level}-name`, type: "symbol", source: "units", "source-layer": `${level}_label`, ...zooms,
      layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": size, "text-max-width": 7, "text-padding": 4 },
      paint: { "text-color": colour("ink"), "text-halo-color": colour("paper"), "text-halo-width": 1.6 },
    });
    const unit = (level, zooms) => [
      pattern("none", level, zooms),
      fill(level, zooms),
      pattern("reached", level, zooms, { "fill-opacity": this.onReached() }),
    ];
    const { sources, layers } = this.overlays();
    const base = this.baseMap();
    return {
      version: 8,
      sources: { units, islands: { type: "geojson", data: this.islands() }, ...base.sources, ...sources },
      layers: [
        { id: "sea", type: "background", paint: { "background-color": colour("sea") } },
        ...unit("province", { maxzoom: this.communesFrom }),
        ...unit("commune", { minzoom: this.communesFrom }),
        ...base.layers,
        line("commune-line", "commune", 0.5, { minzoom: this.communesFrom }),
        line("province-line", "province", 1.2),
        line("province-edge", "province", ["interpolate", ["linear"], ["zoom"], 6, 0, 7, 1.4], {}, "ink"),
        { id: "islands", type: "circle", source: "islands", paint: { "circle-radius": 2.5, "circle-color": colour("ink") } },
        names("commune", 12, { minzoom: this.namesFrom }),
        names("province", ["interpolate", ["linear"], ["zoom"], 4, 11, 8, 15], { maxzoom: this.namesFrom }),
        ...layers,
      ],
    };
  }

  // The opacity of the dots of units that reached their target.
  onReached() {
    return ["case", ["==", ["coalesce", ["feature-state", "step"], 0], STEPS.indexOf("reached")], 1, 0];
  }

  // Roads and water of the operator's base map, if there is one: no names, places or borders.
  baseMap() {
    const { base } = this.figure.dataset;
    if (!base) return { sources: {}, layers: [] };
    const from = { source: "base" };
    const width = ["match", ["get", "kind"], "highway", 2, "major_road", 1.2, 0.6];
    return {
      sources: { base: { type: "vector", url: `pmtiles://${new URL(base, location.href).href}` } },
      layers: [
        { id: "base-water", type: "fill", ...from, "source-layer": "water", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": colour("sea") } },
        { id: "base-river", type: "line", ...from, "source-layer": "water", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": colour("sea"), "line-width": 1 } },
        { id: "base-roads", type: "line", ...from, "source-layer": "roads", minzoom: 6, paint: { "line-color": colour("road"), "line-width": width, "line-opacity": 0.7 } },
      ],
    };
  }

  // Images of the patterns, in the colours of the theme.
  drawPatterns() {
    for (const name of PATTERNS) {
      const image = patternImage(name);
      const id = `step-${name}`;
      if (this.map.hasImage(id)) this.map.updateImage(id, image);
      else this.map.addImage(id, image, { pixelRatio: 2 });
    }
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

  // Name the source of the base map.
  credit() {
    const { credit } = this.figure.dataset;
    if (!credit) return;
    const element = document.createElement("p");
    element.className = "map-credit";
    element.textContent = credit;
    this.figure.querySelector(".canvas").after(element);
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
      if (step) this.zoomOverLand(step);
      else this.map.fitBounds(this.bounds, { padding: this.padding });
    });
  }

  // Zoom by steps; from a centre at sea towards the nearest visible land.
  zoomOverLand(step) {
    const zoom = this.map.getZoom() + step;
    const middle = this.map.getCenter();
    const overLand = this.map.queryRenderedFeatures(this.map.project(middle), { layers: LEVELS }).length;
    const land = step > 0 && !overLand ? this.nearestLand(middle) : null;
    if (land) this.map.easeTo({ center: land, zoom });
    else this.map.zoomTo(zoom);
  }

  nearestLand(middle) {
    const points = this.map.queryRenderedFeatures({ layers: LEVELS }).flatMap(({ geometry }) => geometry.coordinates.flat(Infinity));
    let nearest = null;
    let least = Infinity;
    for (let at = 0; at < points.length; at += 2) {
      const far = (points[at] - middle.lng) ** 2 + (points[at + 1] - middle.lat) ** 2;
      if (far < least) [least, nearest] = [far, [points[at], points[at + 1]]];
    }
    // A little beyond the coast, so that land is in the middle.
    return nearest && [nearest[0] + 0.1 * (nearest[0] - middle.lng), nearest[1] + 0.1 * (nearest[1] - middle.lat)];
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
    this.map.setPaintProperty("province-edge", "line-color", colour("ink"));
    for (const level of LEVELS) {
      this.map.setPaintProperty(`${level}-name`, "text-color", colour("ink"));
      this.map.setPaintProperty(`${level}-name`, "text-halo-color", colour("paper"));
    }
    if (this.map.getSource("base")) {
      this.map.setPaintProperty("base-water", "fill-color", colour("sea"));
      for (const [id, name] of [["base-river", "sea"], ["base-roads", "road"]]) this.map.setPaintProperty(id, "line-color", colour(name));
    }
    this.drawPatterns();
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

// Hatching for units without samples, dots for those that reached their target.
function patternImage(name) {
  const side = 16;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d");
  if (name === "none") {
    pen.fillStyle = colour("step-none");
    pen.fillRect(0, 0, side, side);
    pen.strokeStyle = colour("edge");
    pen.globalAlpha = 0.5;
    pen.lineWidth = 1.5;
    for (const at of [-side, 0, side]) {
      pen.moveTo(at - 2, side + 2);
      pen.lineTo(at + side + 2, -2);
    }
    pen.stroke();
  } else {
    pen.fillStyle = colour("paper");
    pen.globalAlpha = 0.75;
    pen.arc(side / 2, side / 2, 2, 0, 2 * Math.PI);
    pen.fill();
  }
  return pen.getImageData(0, 0, side, side);
}
