// The map of the country: tiles that never change, coloured by figures that do. Without it, or on
// a line that is to be spared, the drawing of the server stays.
import { draw } from "./map-drawing.js";

const figure = document.getElementById("map");
const spared = navigator.connection?.saveData === true;

function hasWebGl() {
  try {
    return Boolean(document.createElement("canvas").getContext("webgl2"));
  } catch {
    return false;
  }
}

// The page is read first; the map comes when the browser has nothing else to do.
function whenIdle(act) {
  if ("requestIdleCallback" in window) requestIdleCallback(act, { timeout: 1500 });
  else setTimeout(act, 300);
}

if (figure?.dataset.set && !spared && hasWebGl()) {
  addEventListener("load", () => whenIdle(() => draw(figure)));
  if (document.readyState === "complete") whenIdle(() => draw(figure));
}
