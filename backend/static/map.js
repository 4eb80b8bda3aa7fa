// Load the interactive map. Without tiles or WebGL, or when the browser saves data, the drawing of
// the server stays.

// The scripts of the kinds of map.
const KINDS = { country: "./map-country.js", plan: "./map-plan.js" };

const figure = document.getElementById("map");
const saveData = navigator.connection?.saveData === true;

function hasWebGl() {
  try {
    return Boolean(document.createElement("canvas").getContext("webgl2"));
  } catch {
    return false;
  }
}

// The map waits until the browser is idle, so that it does not delay the page.
function whenIdle(act) {
  if ("requestIdleCallback" in window) requestIdleCallback(act, { timeout: 1500 });
  else setTimeout(act, 300);
}

async function draw() {
  const { begin } = await import(KINDS[figure.dataset.kind]);
  await begin(figure);
}

if (figure?.dataset.set && !saveData && hasWebGl()) {
  if (document.readyState === "complete") whenIdle(draw);
  else addEventListener("load", () => whenIdle(draw), { once: true });
}
