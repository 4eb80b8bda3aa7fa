// The form of a campaign's draft saves itself a moment after each change; a file that is chosen is
// sent at once, and its lines come back in the text.
const WAIT_MS = 900;
const form = document.querySelector("form[data-draft]");
const state = document.getElementById("draft-state");
let timer;
let saving = Promise.resolve();

async function save() {
  const fields = new FormData(form);
  fields.delete("file");
  try {
    const answer = await fetch(form.dataset.draft, { method: "POST", body: fields });
    if (!answer.ok) throw new Error(answer.status);
    const { id, saved_at: at } = await answer.json();
    adopt(id);
    const time = new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    state.textContent = form.dataset.saved.replace("{time}", time);
  } catch {
    state.textContent = form.dataset.failed;
  }
}

// A new draft has its own page from its first save on: pressing Continue changes that draft.
function adopt(id) {
  const { page } = form.dataset;
  if (!page) return;
  const own = page.replace(/\/0(?=\?|$)/, `/${id}`);
  form.dataset.draft = own.replace(/(\?|$)/, "/save$1");
  form.action = own;
  history.replaceState(null, "", own);
}

function schedule() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    saving = saving.then(save);
  }, WAIT_MS);
}

form.addEventListener("input", (event) => event.target.type !== "file" && schedule());
form.addEventListener("change", ({ target }) => {
  if ("submits" in target.dataset && target.files.length) form.requestSubmit();
  else schedule();
});
form.addEventListener("submit", () => clearTimeout(timer));
