// Buttons that print the page, and buttons that copy a text and stay on the page: by the clipboard, which encrypted pages have, else
// by the command of older browsers, else the text is selected.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text.value);
    return true;
  } catch {
    text.closest("details")?.setAttribute("open", "");
    text.focus();
    text.select();
    return document.execCommand("copy");
  }
}

// A message that is for one person has a state, which outlasts the page: whom it was copied for.
async function note(box) {
  const csrf = document.querySelector("[name=csrf_token]").value;
  const sent = { method: "POST", body: new URLSearchParams({ csrf_token: csrf }), keepalive: true };
  const { ok } = await fetch(box.dataset.note, sent).catch(() => ({}));
  if (ok) box.closest("li").querySelector("[data-state] .tag").textContent = box.dataset.noted;
}

function show() {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
}

show();
addEventListener("refreshed", show); // of live.js
addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  const box = button.closest("[data-copied]");
  const done = await copy(document.getElementById(button.dataset.copy));
  box.querySelector("[role=status]").textContent = done ? box.dataset.copied : box.dataset.selected;
  if (done) button.focus();
  if (done) button.dispatchEvent(new Event("copied", { bubbles: true }));
  if (done && box.dataset.note) note(box);
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
