// Load the interactive map. Without tiles or WebGL, or when the browser saves data, the drawing of
// the server stays.

// The scripts of the kinds of map.
const KINDS = { country: "./map-country.js", plan: "./map-plan.js", point: "./map-point.js", unit: "./map-unit.js" };
// Kinds that load at once; others wait for a press, so that pages stay light. The plan needs tiles of
// communes, too much for a phone's line.
const AT_ONCE = matchMedia("(max-width: 720px)").matches ? ["country"] : ["country", "plan"];

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

function waitForPress() {
  const button = document.getElementById("map-start");
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    await draw();
    if (!figure.map) button.remove(); // no tiles yet: the drawing stays
  });
}

async function draw() {
  const { begin } = await import(KINDS[figure.dataset.kind]);
  await begin(figure);
}

if (figure?.dataset.set && !saveData && hasWebGl()) {
  if (!AT_ONCE.includes(figure.dataset.kind)) waitForPress();
  else if (document.readyState === "complete") whenIdle(draw);
  else addEventListener("load", () => whenIdle(draw), { once: true });
}
