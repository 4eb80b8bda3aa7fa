// What the pages of people share: one way to ask this server, one way to say what is wrong.

export const element = (id) => document.getElementById(id);

// Answers are in the page's language, whatever the browser's is.
export async function ask(method, path, body, csrf) {
  const headers = { "Accept-Language": document.documentElement.lang };
  if (body) headers["Content-Type"] = "application/json";
  if (csrf) headers["X-CSRF-Token"] = csrf;
  const sent = { method, headers, body: body && JSON.stringify(body), cache: "no-store" };
  try {
    const answer = await fetch(`/api/v1/${path}`, sent);
    const text = await answer.text();
    return { ok: answer.ok, status: answer.status, ...(text ? JSON.parse(text) : {}) };
  } catch {
    return { ok: false, title: element("card").dataset.unreachable };
  }
}

export function say(input, words) {
  element(`${input}-fault`).textContent = words;
  element(input).setAttribute("aria-invalid", words ? "true" : "false");
}

// What belongs to a field stands below it, all else in the form's own line.
export function tell(problem, inputs, rest) {
  const errors = problem.errors ?? [];
  for (const input of inputs) say(input, errors.find((e) => e.field === input)?.message ?? "");
  const elsewhere = errors.filter((e) => !inputs.includes(e.field)).map((e) => e.message);
  const placed = errors.length && !elsewhere.length;
  element(rest).textContent = placed ? "" : elsewhere.join(" ") || problem.title || "";
  const first = inputs.find((input) => element(input).getAttribute("aria-invalid") === "true");
  if (first) element(first).focus();
}

// Two presses of a button are one request.
export function whenSent(form, act) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    if (button.disabled) return;
    button.disabled = true;
    try {
      await act(form.elements);
    } finally {
      button.disabled = false;
    }
  });
}

// The other language's page gets what stands behind the #; no server sees it.
export function carryAlong(fragment) {
  const other = document.querySelector("header a[hreflang]");
  other.addEventListener("click", () => {
    if (fragment()) other.hash = fragment();
  });
}
