// The map of a day's plan: needs of communes, stops and homes of teams.
import { byStep, colour, draw, UnitMap } from "./map-drawing.js";

const PIXEL_RATIO = 2; // pixel ratio of the marks, for high-resolution screens
const MARK = { height: 22, font: "600 13px Inter, sans-serif", room: 12 };

export const begin = (figure) => draw(figure, PlanMap);

class PlanMap extends UnitMap {
  communesFrom = 5; // the first zoom with communes in the tiles
  namesFrom = 6; // the first zoom with their names
  padding = 28;

  constructor(figure, url) {
    super(figure, url);
    this.plan = JSON.parse(document.getElementById("plan-map").textContent);
    this.bounds = this.plan.bounds;
  }

  begin() {
    super.begin();
    this.map.setMissingStyleImageResolver((id) => {
      if (/^(home|stop):/.test(id)) this.map.addImage(id, mark(id), { pixelRatio: PIXEL_RATIO });
    });
    this.map.on("load", () => this.paint({ levels: { commune: this.plan.figures } }));
  }

  // Units outside the area are blank.
  fillColour() {
    return ["case", ["boolean", ["feature-state", "known"], false], byStep(), colour("paper")];
  }

  overlays() {
    const { stops, homes, ways } = this.plan;
    const point = (kind) => ({ at, label }) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: at },
      properties: { kind, mark: `${kind}:${label}` },
    });
    const marks = [...homes.map(point("home")), ...stops.map(point("stop"))];
    // Homes are drawn where there is room, stops always.
    const markLayer = (kind, layout) => ({
      id: kind, type: "symbol", source: "marks", filter: ["==", ["get", "kind"], kind],
      layout: { "icon-image": ["get", "mark"], ...layout },
    });
    return {
      sources: {
        ways: { type: "geojson", data: { type: "MultiLineString", coordinates: ways } },
        marks: { type: "geojson", data: { type: "FeatureCollection", features: marks } },
      },
      layers: [
        { id: "chosen", type: "line", source: "units", "source-layer": "commune", paint: {
          "line-color": colour("ink"), "line-width": ["case", ["boolean", ["feature-state", "chosen"], false], 3, 0] } },
        { id: "ways", type: "line", source: "ways", paint: { "line-color": colour("ink"), "line-width": 1.5, "line-dasharray": [2, 2] } },
        markLayer("home", { "icon-anchor": "top" }),
        markLayer("stop", { "icon-anchor": "bottom", "icon-allow-overlap": true }),
      ],
    };
  }

  recolour() {
    super.recolour();
    if (!this.map.isStyleLoaded()) return; // the base class calls this again when idle
    for (const id of ["chosen", "ways"]) this.map.setPaintProperty(id, "line-color", colour("ink"));
    for (const id of this.map.listImages()) if (/^(home|stop):/.test(id)) this.map.updateImage(id, mark(id));
  }

  // Select a commune; plan.js shows its part of the plan.
  open({ properties: { code, name } }) {
    if (code in this.plan.figures) this.figure.dispatchEvent(new CustomEvent("choose", { detail: { code, name } }));
  }

  choose(code) {
    const unit = (id) => ({ source: "units", sourceLayer: "commune", id });
    if (this.chosen) this.map.removeFeatureState(unit(this.chosen), "chosen");
    this.map.setFeatureState(unit(code), { chosen: true });
    this.chosen = code;
  }

  tipText(unit) {
    return unit.properties.code in this.plan.figures ? super.tipText(unit) : unit.properties.name;
  }
}

// Draw a mark with the numbers of teams: dark for stops, light with an outline for homes.
function mark(id) {
  const [kind, numbers] = id.split(":");
  const label = kind === "home" ? `⌂ ${numbers}` : numbers;
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  pen.font = MARK.font;
  const width = Math.ceil(Math.max(pen.measureText(label).width + MARK.room, MARK.height));
  canvas.width = width * PIXEL_RATIO;
  canvas.height = MARK.height * PIXEL_RATIO;
  pen.scale(PIXEL_RATIO, PIXEL_RATIO);
  pen.font = MARK.font;
  pen.beginPath();
  pen.roundRect(1, 1, width - 2, MARK.height - 2, kind === "home" ? 4 : MARK.height / 2);
  pen.fillStyle = colour(kind === "home" ? "paper" : "ink");
  pen.fill();
  pen.lineWidth = 1.5;
  pen.strokeStyle = colour(kind === "home" ? "ink" : "paper");
  pen.stroke();
  pen.fillStyle = colour(kind === "home" ? "ink" : "paper");
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(label, width / 2, MARK.height / 2 + 0.5);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}
