// Show the code that stands behind the #; nothing is sent.
import { carryAlong, element } from "./asking.js";

// As codes are written: letters and digits, in groups.
const CODE = /^[0-9A-Z]{4,20}$/;

function read() {
  const code = location.hash.toUpperCase().replace(/%20|[#\s-]/g, "");
  const good = CODE.test(code);
  element("code").textContent = good ? code.match(/.{1,4}/g).join(" ") : "";
  element("measure").hash = good ? code : "";
  element("shown").hidden = !good;
  element("no-code").hidden = good;
  element("told").textContent = "";
}

async function copy() {
  const code = element("code");
  const told = element("told");
  try {
    // Only there where the page came encrypted.
    await navigator.clipboard.writeText(code.textContent);
    told.textContent = told.dataset.copied;
  } catch {
    getSelection().selectAllChildren(code);
    told.textContent = told.dataset.selected;
  }
}

read();
addEventListener("hashchange", read);
element("copy").addEventListener("click", copy);
carryAlong(() => location.hash);
