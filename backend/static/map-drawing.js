// MapLibre over our own tiles. Figures are joined to them by code, as the state of a feature.
import * as maplibre from "./vendor/maplibre/maplibre-gl.mjs";

const WHOLE = [[101.9, 5.7], [118.0, 23.7]];
const COMMUNES_FROM = 6.5; // the zoom from which communes are told apart
const LEVELS = ["province", "commune"];
const STEPS = ["none", "started", "quarter", "half", "reached"];

let drawn = false;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function byStep() {
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

export async function draw(figure) {
  if (drawn) return;
  drawn = true;
  const { tiles, set } = figure.dataset;
  const url = (digest) => new URL(tiles.replace("0.pmtiles", `${digest}.pmtiles`), location.href).href;
  const there = await fetch(url(set), { method: "HEAD" });
  if (!there.ok) return; // they are being built; the server's drawing stands
  await script(new URL("./vendor/pmtiles/pmtiles.js", import.meta.url).href);
  await styled(document.getElementById("map-style"));
  maplibre.setWorkerUrl(new URL("./vendor/maplibre/maplibre-gl-worker.mjs", import.meta.url).href);
  maplibre.addProtocol("pmtiles", new globalThis.pmtiles.Protocol().tile);
  new CountryMap(figure, url).begin();
}

class CountryMap {
  constructor(figure, url) {
    this.figure = figure;
    this.url = url;
    this.months = figure.dataset.months.split(" ").filter(Boolean);
    this.month = figure.dataset.month;
    this.told = new Map(); // figures by month
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
      bounds: WHOLE,
      fitBoundsOptions: { padding: 8 },
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
    this.map.on("load", () => this.show(this.month));
    this.map.on("moveend", (event) => {
      this.moved ||= Boolean(event.originalEvent);
      this.inset();
    });
    this.map.on("resize", () => {
      const seen = canvas.clientHeight > 0; // on paper it is not
      if (seen && !this.moved) this.map.fitBounds(WHOLE, { padding: 8, animate: false });
    });
    this.tools();
    this.labels();
    this.slider();
    this.points();
    addEventListener("themechange", () => this.recolour());
    this.figure.map = this; // for benches and tests
  }

  style(set) {
    const source = { type: "vector", url: `pmtiles://${this.url(set)}`, promoteId: Object.fromEntries(LEVELS.map((l) => [l, "code"])) };
    const fill = (level, zooms) => ({
      id: level, type: "fill", source: "units", "source-layer": level, ...zooms,
      paint: { "fill-color": byStep(), "fill-antialias": true },
    });
    const line = (id, level, width, zooms = {}) => ({
      id, type: "line", source: "units", "source-layer": level, ...zooms,
      paint: { "line-color": colour("paper"), "line-width": width },
    });
    return {
      version: 8,
      sources: { units: source, islands: { type: "geojson", data: this.islands() } },
      layers: [
        { id: "sea", type: "background", paint: { "background-color": colour("sea") } },
        fill("province", { maxzoom: COMMUNES_FROM }),
        fill("commune", { minzoom: COMMUNES_FROM }),
        line("commune-line", "commune", 0.5, { minzoom: COMMUNES_FROM }),
        line("province-line", "province", 1.2),
        { id: "islands", type: "circle", source: "islands", paint: { "circle-radius": 2.5, "circle-color": colour("ink") } },
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
      else this.map.fitBounds(WHOLE, { padding: 8 });
    });
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

  // Only what differs from the month before is told to the map.
  paint(told) {
    const began = performance.now();
    for (const sourceLayer of LEVELS) {
      const now = told.levels[sourceLayer] ?? {};
      const before = this.painted[sourceLayer];
      for (const id of new Set([...Object.keys(before), ...Object.keys(now)])) {
        const step = now[id]?.[0] ?? 0;
        if (step !== (before[id]?.[0] ?? 0)) {
          this.map.setFeatureState({ source: "units", sourceLayer, id }, { step });
        }
      }
      this.painted[sourceLayer] = now;
    }
    this.map.once("render", () => {
      this.repainted = performance.now() - began;
    });
    this.map.triggerRepaint();
  }

  recolour() {
    if (!this.map.isStyleLoaded()) return void this.map.once("idle", () => this.recolour());
    for (const level of LEVELS) this.map.setPaintProperty(level, "fill-color", byStep());
    for (const id of ["commune-line", "province-line"]) this.map.setPaintProperty(id, "line-color", colour("paper"));
    this.map.setPaintProperty("sea", "background-color", colour("sea"));
    this.map.setPaintProperty("islands", "circle-color", colour("ink"));
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

  points() {
    const tip = document.getElementById("tip");
    this.map.on("mousemove", (event) => {
      const [unit] = this.map.queryRenderedFeatures(event.point, { layers: LEVELS });
      this.map.getCanvas().style.cursor = unit ? "pointer" : "";
      tip.hidden = !unit;
      if (!unit) return;
      tip.textContent = this.words(unit);
      const { x, y } = event.point;
      tip.style.transform = `translate(${Math.min(x + 12, this.map.getCanvas().clientWidth - 190)}px, ${y + 14}px)`;
    });
    this.map.on("mouseout", () => (tip.hidden = true));
    this.map.on("click", (event) => {
      const [unit] = this.map.queryRenderedFeatures(event.point, { layers: LEVELS });
      if (!unit) return;
      const url = new URL(this.figure.dataset.unit + unit.properties.code, location.href);
      const lang = new URLSearchParams(location.search).get("lang");
      const query = { month: this.month, network: this.figure.dataset.network, ...(lang && { lang }) };
      url.search = new URLSearchParams(query);
      location.assign(url);
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
