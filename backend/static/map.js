// Tiles that never change, coloured by figures that do. Without them, or on a line that is to be
// spared, the drawing of the server stays.

// What a map is of: its script comes when the page has been read.
const KINDS = { country: "./map-country.js", plan: "./map-plan.js" };

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

async function draw() {
  const { begin } = await import(KINDS[figure.dataset.kind]);
  await begin(figure);
}

if (figure?.dataset.set && !spared && hasWebGl()) {
  if (document.readyState === "complete") whenIdle(draw);
  else addEventListener("load", () => whenIdle(draw), { once: true });
}
