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

// What was typed outlasts a session that has ended: it is kept in this tab while a form is sent, and filled in again on the
// page of the form after signing in. No other page leaves it there.
const TYPED = "typed";

function keepTyped(form) {
  const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && isTyped(form.elements[name]));
  try {
    sessionStorage.setItem(TYPED, JSON.stringify({ page: location.pathname + location.search, fields }));
  } catch {
    // storage is disabled or full
  }
}

function isTyped(field) {
  return !["hidden", "password"].includes(field?.type);
}

document.addEventListener("readystatechange", () => {
  if (document.readyState !== "interactive") return; // before the other scripts of the page
  let typed = null;
  try {
    typed = JSON.parse(sessionStorage.getItem(TYPED));
    sessionStorage.removeItem(TYPED);
    if (typed && document.getElementById("sign-in")) {
      sessionStorage.setItem(TYPED, JSON.stringify({ ...typed, signedOut: true }));
      const address = new URL(location.href);
      address.searchParams.set("next", typed.page);
      history.replaceState(null, "", address);
    }
  } catch {
    return;
  }
  if (typed?.signedOut && typed.page === location.pathname + location.search) fillTyped(typed.fields);
});

function fillTyped(fields) {
  for (const [name, value] of fields) {
    for (const field of document.querySelectorAll(`main form [name="${CSS.escape(name)}"]`)) {
      if (!isTyped(field)) continue;
      if (["checkbox", "radio"].includes(field.type)) field.checked ||= field.value === value;
      else field.value = value;
      field.closest("details")?.setAttribute("open", "");
    }
  }
}

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
    keepTyped(form);
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
