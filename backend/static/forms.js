// Shared by pages with forms: requests to the API and error messages beside the fields.

export const element = (id) => document.getElementById(id);

// Messages come in the language of the page, not of the browser.
export async function request(method, path, body, csrf, bearer) {
  const headers = { "Accept-Language": document.documentElement.lang };
  if (body) headers["Content-Type"] = "application/json";
  if (csrf) headers["X-CSRF-Token"] = csrf;
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  const options = { method, headers, body: body && JSON.stringify(body), cache: "no-store" };
  try {
    const answer = await fetch(`/api/v1/${path}`, options);
    const text = await answer.text();
    return { ok: answer.ok, status: answer.status, ...(text ? JSON.parse(text) : {}) };
  } catch {
    return { ok: false, title: element("card").dataset.unreachable };
  }
}

// A name to sign in with as people write it: telephone numbers as 0912 345 678.
export const spokenName = (name) => name.replace(/^\+84(\d+)(\d{3})(\d{3})$/, "0$1 $2 $3");

// The name of a new account, for the page on which it signs in next in this tab.
const NEW_NAME = "new-name";

export function keepNewName(name) {
  try {
    sessionStorage.setItem(NEW_NAME, name);
  } catch {
    // storage is disabled: the name is typed
  }
}

export function takeNewName() {
  try {
    const name = sessionStorage.getItem(NEW_NAME);
    sessionStorage.removeItem(NEW_NAME);
    return name;
  } catch {
    return null;
  }
}

export function showError(input, message) {
  element(`${input}-fault`).textContent = message;
  element(input).setAttribute("aria-invalid", message ? "true" : "false");
}

// Show errors of fields below the fields, all others in the element `rest`.
export function showProblem(problem, inputs, rest) {
  const errors = problem.errors ?? [];
  for (const input of inputs) showError(input, errors.find((e) => e.field === input)?.message ?? "");
  const others = errors.filter((e) => !inputs.includes(e.field)).map((e) => e.message);
  const allBesideFields = errors.length && !others.length;
  element(rest).textContent = allBesideFields ? "" : others.join(" ") || problem.title || "";
  const first = inputs.find((input) => element(input).getAttribute("aria-invalid") === "true");
  if (first) element(first).focus();
}

// Handle a submitted form; a double click sends one request. The button is not disabled, which would take its focus away.
export function onSubmit(form, handle) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button:not([type='button'])");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      await handle(form.elements);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

// Keep the fragment of the address when the language is switched; it is not sent to the server.
export function keepFragment(fragment) {
  const other = document.querySelector("header a[hreflang]");
  other.addEventListener("click", () => {
    if (fragment()) other.hash = fragment();
  });
}
