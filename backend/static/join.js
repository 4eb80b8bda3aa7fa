// Show the join code of the fragment of the address, or a field for it; nothing is sent.
import { element, keepFragment } from "./forms.js";

// A join code without its separators.
const CODE = /^[0-9A-Z]{4,20}$/;

const normalize = (text) => text.toUpperCase().replace(/%20|[#\s-]/g, "");

function read() {
  const code = normalize(location.hash);
  const valid = CODE.test(code);
  element("code").textContent = valid ? code.match(/.{1,4}/g).join(" ") : "";
  element("measure").hash = valid ? code : "";
  element("shown").hidden = !valid;
  element("no-code").hidden = valid;
  element("message").textContent = "";
}

// Go on with a typed code, as if the address had it.
function enter(event) {
  event.preventDefault();
  const code = normalize(element("typed").value);
  const valid = CODE.test(code);
  const fault = element("typed-fault");
  fault.textContent = valid ? "" : fault.dataset.missing;
  element("typed").setAttribute("aria-invalid", valid ? "false" : "true");
  if (valid) location.hash = code;
  else element("typed").focus();
}

async function copy() {
  const code = element("code");
  const message = element("message");
  try {
    // The clipboard exists only on encrypted pages.
    await navigator.clipboard.writeText(code.textContent);
    message.textContent = message.dataset.copied;
  } catch {
    getSelection().selectAllChildren(code);
    message.textContent = message.dataset.selected;
  }
}

read();
addEventListener("hashchange", read);
element("copy").addEventListener("click", copy);
element("no-code").addEventListener("submit", enter);
keepFragment(() => location.hash);
