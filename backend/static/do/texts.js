// The texts of the page, and formats of numbers and times in its language.

export const element = (id) => document.getElementById(id);
export const language = document.documentElement.lang;

const TEXTS = JSON.parse(element("texts").textContent);
const pluralRules = new Intl.PluralRules(language);

function interpolate(text, values) {
  return text.replace(/\{(\w+)\}/g, (placeholder, name) => values[name] ?? placeholder);
}

export function translate(key, values = {}) {
  return interpolate(TEXTS[key] ?? key, values);
}

// Fill in the text of an element, which is in its `data-text`.
export function fill(id, values) {
  element(id).textContent = interpolate(element(id).dataset.text, values);
}

// A text that depends on a count, which replaces {n}.
export function translatePlural(key, n, values = {}) {
  const forms = TEXTS[key];
  return interpolate(forms[pluralRules.select(n ?? 0)] ?? forms.other, { n: number(n), ...values });
}

export const hasText = (key) => key in TEXTS;

const locale = language === "vi" ? "vi-VN" : "en-GB";

// A unit's name inside a sentence, where Vietnamese writes its kind small: "xã Phú Lương".
const KIND = /^(Xã|Phường|Đặc khu|Thị trấn|Thị xã|Tỉnh|Thành phố)(?= )/;
export const place = (name) => (language === "vi" ? name.replace(KIND, (kind) => kind.toLowerCase()) : name);

// The network for which a sample counts: all but mobile ones are fixed.
export const networkName = ({ kind } = {}) => translate(kind === "mobile" ? "networkMobile" : "networkFixed");

export function number(value, decimals = 0) {
  if (value === null || value === undefined) return "–";
  return value.toLocaleString(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

// One decimal for slow connections only.
export const speed = (value) => number(value, value !== null && value < 100 ? 1 : 0);

export const time = (moment) =>
  new Date(moment).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Ho_Chi_Minh" });

export const day = (moment) => new Date(moment).toLocaleDateString("en-CA", { timeZone: "Asia/Ho_Chi_Minh" });

export const isToday = (moment) => day(moment) === day(Date.now());

// The time alone of a moment of today.
export function dayAndTime(moment) {
  if (isToday(moment)) return time(moment);
  const [, month, date] = day(moment).split("-");
  return `${date}/${month}, ${time(moment)}`;
}

export const distance = (metres) =>
  metres < 950 ? `${number(Math.round(metres / 10) * 10)} m` : `${number(metres / 1000, 1)} km`;

export function create(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// kind: good, info, or none for a warning. The message stands above everything: the page may be scrolled far below.
export function showMessage(text, kind = "") {
  const message = element("message");
  message.textContent = text;
  message.className = `notice ${kind}`;
  message.hidden = !text;
  if (text) message.scrollIntoView({ block: "nearest" });
}

// Copy a text; without a clipboard, as in browsers inside apps and on pages without encryption, the text is shown,
// selected and copied by the older command. False if it has to be copied by hand.
export async function copyText(node, text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    node.textContent = text;
    node.hidden = false;
    getSelection().selectAllChildren(node);
    return document.execCommand("copy");
  }
}

// Handle a submitted form; a second press meanwhile does nothing.
export function onSubmit(form, handle) {
  const button = form.querySelector("button:not([type='button'])");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await whileBusy(button, () => handle(form.elements));
  });
}

// Run `act` unless the button does so already; a button with `data-busy` shows that text meanwhile. The button is not
// disabled, which would take its focus away.
export async function whileBusy(button, act) {
  if (button.getAttribute("aria-busy") === "true") return undefined;
  const usual = button.textContent;
  button.setAttribute("aria-busy", "true");
  if (button.dataset.busy) button.textContent = button.dataset.busy;
  try {
    return await act();
  } finally {
    button.removeAttribute("aria-busy");
    if (button.dataset.busy) button.textContent = usual;
  }
}

// Show what is wrong below a field, and lead there; "" for nothing.
export function showFault(input, fault) {
  element(`${input.id}-fault`).textContent = fault;
  input.setAttribute("aria-invalid", fault ? "true" : "false");
  if (fault) input.focus();
}
