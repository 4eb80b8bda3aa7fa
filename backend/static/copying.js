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
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
