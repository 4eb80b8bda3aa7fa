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

// A text that depends on a count, which replaces {n}.
export function translatePlural(key, n, values = {}) {
  const forms = TEXTS[key];
  return interpolate(forms[pluralRules.select(n ?? 0)] ?? forms.other, { n: number(n), ...values });
}

export const hasText = (key) => key in TEXTS;

const locale = language === "vi" ? "vi-VN" : "en-GB";

export function number(value, decimals = 0) {
  if (value === null || value === undefined) return "–";
  return value.toLocaleString(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

// One decimal for slow connections only.
export const speed = (value) => number(value, value !== null && value < 100 ? 1 : 0);

export const time = (moment) =>
  new Date(moment).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Ho_Chi_Minh" });

export const day = (moment) => new Date(moment).toLocaleDateString("en-CA", { timeZone: "Asia/Ho_Chi_Minh" });

export const distance = (metres) =>
  metres < 950 ? `${number(Math.round(metres / 10) * 10)} m` : `${number(metres / 1000, 1)} km`;

export function create(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// kind: good, info, or none for a warning
export function showMessage(text, kind = "") {
  element("message").textContent = text;
  element("message").className = `notice ${kind}`;
  element("message").hidden = !text;
}
