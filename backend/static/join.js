// Show the join code from the fragment of the address; nothing is sent.
import { element, keepFragment } from "./forms.js";

// A join code without its separators.
const CODE = /^[0-9A-Z]{4,20}$/;

function read() {
  const code = location.hash.toUpperCase().replace(/%20|[#\s-]/g, "");
  const valid = CODE.test(code);
  element("code").textContent = valid ? code.match(/.{1,4}/g).join(" ") : "";
  element("measure").hash = valid ? code : "";
  element("shown").hidden = !valid;
  element("no-code").hidden = valid;
  element("message").textContent = "";
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
keepFragment(() => location.hash);
