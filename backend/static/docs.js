// Show the OpenAPI document in Swagger UI; no other server is contacted.
SwaggerUIBundle({
  domNode: document.getElementById("api"),
  url: document.getElementById("api").dataset.url,
  validatorUrl: null,
  deepLinking: true,
  tryItOutEnabled: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
});

// Swagger UI has its own dark mode; it follows the theme of the page.
function applyTheme() {
  const dark = matchMedia(document.getElementById("dark").media).matches;
  document.documentElement.classList.toggle("dark-mode", dark);
}

applyTheme();
addEventListener("themechange", applyTheme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
