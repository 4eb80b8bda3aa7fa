// A draft's sections say at once what its report will say.

for (const typed of document.querySelectorAll("[data-remark]")) {
  const spoken = typed.closest("section").querySelector(".spoken");
  typed.addEventListener("input", () => {
    spoken.textContent = typed.value.trim() || spoken.dataset.proposed || "–";
  });
}
