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

// A form is sent once: a second press would send it again, and what answers the first one, such as a link that is shown
// only once, would be lost. Without a network nothing is sent, so that what was typed stays on the page.
(() => {
  const MAX_SENDING_MS = 60_000; // a file to download leaves the page as it is
  const sent = new Map(); // the pressed button by form

  function release(form) {
    sent.get(form)?.removeAttribute("aria-busy");
    sent.delete(form);
  }

  function showUnreachable(form, button) {
    let fault = form.querySelector(".unreachable");
    if (!fault) {
      fault = document.createElement("span");
      fault.className = "fault unreachable";
      fault.setAttribute("role", "alert");
      (button ?? form.lastElementChild).after(fault);
    }
    fault.textContent = navigator.onLine ? "" : document.getElementById("main").dataset.unreachable;
  }

  addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.method !== "post") return;
    if (sent.has(form) || !navigator.onLine) event.preventDefault();
    if (sent.has(form)) return;
    showUnreachable(form, submitter);
    if (event.defaultPrevented) return;
    submitter?.setAttribute("aria-busy", "true");
    sent.set(form, submitter);
    setTimeout(() => release(form), MAX_SENDING_MS);
  });
  // Pages that are gone back to are shown as they were left.
  addEventListener("pageshow", () => [...sent.keys()].forEach(release));
})();

// The search of the header: what makes it a list of units is loaded when it is first used.
addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector(".top .search");
  if (!form) return;
  form.addEventListener("focusin", () => import("./search-box.js"), { once: true });
  const button = form.querySelector("#find-me");
  button.hidden = !("geolocation" in navigator);
  button.addEventListener("click", async () => (await import("./locate.js")).locate(button));
});

// A page that answers a form begins at what is wrong in it, or at what was found: on phones both are below the screen.
// The browser takes the focus away again where the address has a fragment.
for (const moment of ["DOMContentLoaded", "load"]) addEventListener(moment, () => {
  if (document.activeElement !== document.body) return;
  const first = document.querySelector("main :is([aria-invalid=true]:not([hidden]), form .notice.danger, [data-answer])");
  if (!first) return;
  first.closest("details")?.setAttribute("open", "");
  if (!first.matches("input, select, textarea")) first.tabIndex = -1;
  first.focus();
});

// What is closed is not printed.
addEventListener("beforeprint", () => {
  for (const rest of document.querySelectorAll("details.rest")) rest.open = true;
});

// A page that cannot be opened leads back to the one before it.
addEventListener("DOMContentLoaded", () => {
  const back = document.querySelector("[data-back]");
  if (!back || history.length < 2) return;
  back.hidden = false;
  back.addEventListener("click", () => history.back());
});
