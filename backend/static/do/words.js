// The page's words, numbers and times, in its language.

export const element = (id) => document.getElementById(id);
export const language = document.documentElement.lang;

const WORDS = JSON.parse(element("words").textContent);
const plural = new Intl.PluralRules(language);

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function words(key, values = {}) {
  return filled(WORDS[key] ?? key, values);
}

// A text that depends on a count, which fills {n}.
export function counted(key, n, values = {}) {
  const forms = WORDS[key];
  return filled(forms[plural.select(n ?? 0)] ?? forms.other, { n: number(n), ...values });
}

export const knows = (key) => key in WORDS;

const locale = language === "vi" ? "vi-VN" : "en-GB";

export function number(value, decimals = 0) {
  if (value === null || value === undefined) return "–";
  return value.toLocaleString(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

// Slow lines deserve a digit behind the comma, fast ones do not need it.
export const speed = (value) => number(value, value !== null && value < 100 ? 1 : 0);

export const time = (moment) =>
  new Date(moment).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Ho_Chi_Minh" });

export const day = (moment) => new Date(moment).toLocaleDateString("en-CA", { timeZone: "Asia/Ho_Chi_Minh" });

export const distance = (metres) =>
  metres < 950 ? `${number(Math.round(metres / 10) * 10)} m` : `${number(metres / 1000, 1)} km`;

export function made(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

export function say(text) {
  element("told").textContent = text;
  element("told").hidden = !text;
}
