// What was typed in a form outlasts a session that has ended, and an answer that is only an error: it is kept in this tab and filled
// in again on the page of the form. Any other page removes it, and so does signing out. Passwords and codes are never kept, and
// nothing is shown to another person.
const KEPT = "typed";
const SECRET = ["hidden", "password", "file"];
const main = document.getElementById("main");
const person = document.body.dataset.person ?? null;
let changed; // the form that was typed in

const here = () => location.pathname + location.search;
const forms = () => [...main.querySelectorAll("form[method=post]")];
const fieldsOf = (form) => [...form.elements].filter((one) => one.name && !SECRET.includes(one.type) && one.autocomplete !== "one-time-code" && one.localName !== "button");

function store(typed) {
  try {
    if (typed) sessionStorage.setItem(KEPT, JSON.stringify(typed));
    else sessionStorage.removeItem(KEPT);
  } catch {
    // storage is disabled or full
  }
}

function stored() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

function keep(form) {
  const fields = fieldsOf(form).map(({ name, value, checked }) => [name, value, checked]);
  if (fields.length) store({ person, page: here(), form: forms().indexOf(form), action: form.action, fields });
}

function fill({ form: n, action, fields }) {
  const form = forms()[n];
  if (form?.action !== action) return;
  for (const [at, field] of fieldsOf(form).entries()) {
    const [name, value, checked] = fields[at] ?? [];
    if (field.name !== name) return;
    if (["checkbox", "radio"].includes(field.type)) field.checked = checked;
    else field.value = value;
    if (value || checked) field.closest("details")?.setAttribute("open", "");
  }
  const said = Object.assign(document.createElement("p"), { className: "notice info", textContent: main.dataset.restored });
  said.setAttribute("role", "status");
  form.before(said);
  // What other scripts make of the fields, and a draft that saves itself.
  addEventListener("load", () => form.dispatchEvent(new Event("input", { bubbles: true })));
}

// The sign-in page, also that of an office, leads back to the page of the form.
function leadBack(page) {
  const address = new URL(location.href);
  address.searchParams.set("next", page);
  history.replaceState(null, "", address);
  for (const link of main.querySelectorAll("a[href*='next=']")) {
    const other = new URL(link.href);
    other.searchParams.set("next", page);
    link.href = other;
  }
}

const typed = stored();
if (typed && document.getElementById("sign-in")) {
  store({ ...typed, back: true });
  leadBack(typed.page);
} else if (typed && main.querySelector("[data-back]")) {
  store({ ...typed, back: true });
} else if (!document.getElementById("password_again")) {
  store(null);
  if (typed?.back && typed.page === here() && typed.person === person) fill(typed);
}

if (person) {
  addEventListener("input", ({ target }) => (changed = target.closest?.("main form[method=post]") ?? changed));
  addEventListener("submit", ({ target }) => {
    if (forms().includes(target)) keep(target);
    else if (target.method === "post") store(null); // signing out
    changed = undefined;
  });
  addEventListener("pagehide", () => changed && keep(changed));
}
