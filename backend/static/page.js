// The reader's choice of light or dark; it runs before the page is drawn, so that nothing flashes.
(() => {
  const APPLIES = { auto: "screen and (prefers-color-scheme: dark)", light: "not all", dark: "screen" };
  const ORDER = Object.keys(APPLIES);
  const dark = document.getElementById("dark");
  let choice = "auto";

  function remembered() {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is switched off
    }
  }

  function choose(theme) {
    choice = ORDER.includes(theme) ? theme : "auto";
    dark.media = APPLIES[choice];
    dispatchEvent(new Event("themechange"));
  }

  function show(button) {
    button.dataset.theme = choice;
    button.querySelector("span").textContent = button.getAttribute(`data-${choice}`);
    button.hidden = false;
  }

  function next(button) {
    choose(ORDER[(ORDER.indexOf(choice) + 1) % ORDER.length]);
    show(button);
    try {
      localStorage.setItem("theme", choice);
    } catch {
      // remembered for this page alone
    }
  }

  choose(remembered());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dispatchEvent(new Event("themechange")));
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    show(button);
    button.addEventListener("click", () => next(button));
  });
})();
