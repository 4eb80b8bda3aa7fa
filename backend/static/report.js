// Show the text of each section of a draft while it is typed.

for (const typed of document.querySelectorAll("[data-remark]")) {
  const preview = typed.closest("section").querySelector(".multiline");
  const update = () => {
    preview.textContent = typed.value.trim() || preview.dataset.proposed || "–";
  };
  typed.addEventListener("input", update);
  update(); // text typed before this script ran, or restored by the browser
}
