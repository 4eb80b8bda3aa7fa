// The map of a province or commune in a month, loaded by a press: a click opens the page of a unit.
import { draw } from "./map-drawing.js";
import { PlacesMap } from "./map-places.js";

export const begin = (figure) => draw(figure, PlaceMap);

class PlaceMap extends PlacesMap {
  communesFrom = 5; // the first zoom with communes in the tiles
  namesFrom = 6; // the first zoom with their names
  padding = 24;

  constructor(figure, url) {
    super(figure, url);
    const [west, south, east, north] = JSON.parse(figure.dataset.bounds);
    this.bounds = [[west, south], [east, north]];
  }

  begin() {
    super.begin();
    this.map.on("load", () => this.show());
  }

  async show() {
    const { figures, month, network } = this.figure.dataset;
    const answer = await fetch(`${figures}?${new URLSearchParams({ month, network })}`).catch(() => null);
    if (answer?.ok) this.paint(await answer.json());
  }

  open({ properties: { code } }) {
    const url = new URL(this.figure.dataset.unit + code, location.href);
    const lang = new URLSearchParams(location.search).get("lang");
    const { month, network } = this.figure.dataset;
    url.search = new URLSearchParams({ month, network, ...(lang && { lang }) });
    location.assign(url);
  }
}
