// A draft's sections say at once what its report will say.

for (const typed of document.querySelectorAll("[data-remark]")) {
  const spoken = typed.closest("section").querySelector(".spoken");
  const tell = () => {
    spoken.textContent = typed.value.trim() || spoken.dataset.proposed || "–";
  };
  typed.addEventListener("input", tell);
  tell(); // what was typed before this came, or kept by the browser
}
