// Show the text of each section of a draft while it is typed, and keep it in this browser until it is
// saved: a closed tab or an ended session loses nothing.

const form = document.querySelector("#remarks");
const unsaved = document.querySelector("#unsaved");

for (const typed of form.querySelectorAll("[data-remark]")) {
  const preview = typed.closest("section").querySelector(".multiline");
  const key = `${form.dataset.key}-${typed.name}`;
  const saved = typed.defaultValue;
  const update = () => {
    preview.textContent = typed.value.trim() || preview.dataset.proposed || "–";
    typed.classList.toggle("unsaved", typed.value !== saved);
    unsaved.hidden = !form.querySelector(".unsaved");
  };
  typed.addEventListener("input", () => {
    localStorage.setItem(key, JSON.stringify({ saved, text: typed.value }));
    update();
  });
  const kept = JSON.parse(localStorage.getItem(key) ?? "null");
  // Text that was typed over another one, such as a colleague's, is not put in its place.
  if (kept?.saved === saved && typed.value === saved) typed.value = kept.text;
  if (kept && typed.value === saved) localStorage.removeItem(key);
  update(); // text typed before this script ran, or restored
}
