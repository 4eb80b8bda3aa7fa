// Buttons that copy a text and stay on the page: by the clipboard, which encrypted pages have, else
// by the command of older browsers, else the text is selected.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text.value);
    return true;
  } catch {
    text.focus();
    text.select();
    return document.execCommand("copy");
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const box = button.closest("[data-copied]");
    const done = await copy(document.getElementById(button.dataset.copy));
    box.querySelector("[role=status]").textContent = done ? box.dataset.copied : box.dataset.selected;
    if (done) button.focus();
  });
}
