// Apply the chosen theme, light or dark, before the page is drawn, so that it does not flash.
(() => {
  const MEDIA = { auto: "screen and (prefers-color-scheme: dark)", light: "not all", dark: "screen" };
  const ORDER = Object.keys(MEDIA);
  const dark = document.getElementById("dark");
  let choice = "auto";

  function storedTheme() {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is disabled
    }
  }

  function choose(theme) {
    choice = ORDER.includes(theme) ? theme : "auto";
    dark.media = MEDIA[choice];
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
      // the choice applies to this page only
    }
  }

  choose(storedTheme());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dispatchEvent(new Event("themechange")));
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    show(button);
    button.addEventListener("click", () => next(button));
  });
})();

// What is closed is not printed.
addEventListener("beforeprint", () => {
  for (const rest of document.querySelectorAll("details.rest")) rest.open = true;
});
