// Compute the digest of a report's file in this browser: the file is not sent. Browsers compute it
// on encrypted pages only; elsewhere the form sends the file to the server, which computes it.

const form = document.querySelector("#check");
const status = document.querySelector("#computing");

async function check(file) {
  status.textContent = status.dataset.computing;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  const address = new URL(form.dataset.shown, location.href);
  address.pathname += `/${[...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  location.assign(address);
}

if (crypto.subtle) {
  document.querySelector("#here").hidden = false;
  form.addEventListener("submit", (event) => {
    const [file] = form.elements.file.files;
    if (!file) return;
    event.preventDefault();
    check(file);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) check(file);
  });
} else {
  document.querySelector("#sent").hidden = false;
}
