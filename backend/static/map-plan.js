// The plan of a day: what the communes of the area need, which teams go where, where they are at home.
import { byStep, colour, draw, UnitMap } from "./map-drawing.js";

const SHARP = 2; // drawn larger than shown, for screens with fine pixels
const MARK = { height: 22, font: "600 13px Inter, sans-serif", room: 12 };

export const begin = (figure) => draw(figure, PlanMap);

class PlanMap extends UnitMap {
  communesFrom = 5; // the tiles have none before
  padding = 28;

  constructor(figure, url) {
    super(figure, url);
    this.plan = JSON.parse(document.getElementById("plan-map").textContent);
    this.bounds = this.plan.bounds;
  }

  begin() {
    super.begin();
    this.map.setMissingStyleImageResolver((id) => this.map.addImage(id, mark(id), { pixelRatio: SHARP }));
    this.map.on("load", () => this.paint({ levels: { commune: this.plan.figures } }));
  }

  // What lies beside the area is there, and tells nothing.
  filled() {
    return ["case", ["boolean", ["feature-state", "told"], false], byStep(), colour("paper")];
  }

  above() {
    const { stops, homes, ways } = this.plan;
    const point = (kind) => ({ at, label }) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: at },
      properties: { kind, mark: `${kind}:${label}` },
    });
    const marks = [...homes.map(point("home")), ...stops.map(point("stop"))];
    // Homes stand where they have room; where somebody goes is always seen.
    const plates = (kind, layout) => ({
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
        plates("home", { "icon-anchor": "top" }),
        plates("stop", { "icon-anchor": "bottom", "icon-allow-overlap": true }),
      ],
    };
  }

  recolour() {
    super.recolour();
    if (!this.map.isStyleLoaded()) return; // it comes again
    for (const id of ["chosen", "ways"]) this.map.setPaintProperty(id, "line-color", colour("ink"));
    for (const id of this.map.listImages()) this.map.updateImage(id, mark(id));
  }

  // The page shows what is planned there.
  open({ properties: { code, name } }) {
    if (code in this.plan.figures) this.figure.dispatchEvent(new CustomEvent("choose", { detail: { code, name } }));
  }

  choose(code) {
    const unit = (id) => ({ source: "units", sourceLayer: "commune", id });
    if (this.chosen) this.map.removeFeatureState(unit(this.chosen), "chosen");
    this.map.setFeatureState(unit(code), { chosen: true });
    this.chosen = code;
  }

  words(unit) {
    return unit.properties.code in this.plan.figures ? super.words(unit) : unit.properties.name;
  }
}

// Numbers of teams on a plate: dark where they go, light with an edge where they are at home.
function mark(id) {
  const [kind, numbers] = id.split(":");
  const label = kind === "home" ? `⌂ ${numbers}` : numbers;
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  pen.font = MARK.font;
  const width = Math.ceil(Math.max(pen.measureText(label).width + MARK.room, MARK.height));
  canvas.width = width * SHARP;
  canvas.height = MARK.height * SHARP;
  pen.scale(SHARP, SHARP);
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
