// Show the API's own document; nothing is asked of any other server.
SwaggerUIBundle({
  domNode: document.getElementById("api"),
  url: document.getElementById("api").dataset.url,
  validatorUrl: null,
  deepLinking: true,
  tryItOutEnabled: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
});

// Swagger UI has dark colours of its own; they follow the reader's choice.
function follow() {
  const dark = matchMedia(document.getElementById("dark").media).matches;
  document.documentElement.classList.toggle("dark-mode", dark);
}

follow();
addEventListener("themechange", follow);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", follow);
