// Detection of the browser and its features.

const AGENT = navigator.userAgent;

export const isIos = /iPhone|iPad|iPod/.test(AGENT) || (/Macintosh/.test(AGENT) && navigator.maxTouchPoints > 1);
const isAndroid = /Android/.test(AGENT);

// Browsers inside apps, by their user agent.
const APPS = [
  [/Zalo/i, "Zalo"],
  [/Messenger/i, "Messenger"],
  [/FBAN|FBAV|FB_IAB/, "Facebook"],
  [/Instagram/, "Instagram"],
  [/TikTok|musical_ly|BytedanceWebview/i, "TikTok"],
  [/\bLine\//, "LINE"],
  [/; wv\)/, ""],
];

// The name of the app, empty if unknown; null in a real browser.
export const insideApp = () => APPS.find(([name]) => name.test(AGENT))?.[1] ?? null;

export const platform = isIos ? "ios" : isAndroid ? "android" : "web";

// The model of the phone, if the browser reveals it.
export async function model() {
  try {
    return (await navigator.userAgentData.getHighEntropyValues(["model"])).model || null;
  } catch {
    return null;
  }
}

// mobile, wifi or ethernet; null if the browser does not reveal it.
export function networkKind() {
  const type = navigator.connection?.type;
  return { cellular: "mobile", wifi: "wifi", ethernet: "ethernet", wimax: "mobile" }[type] ?? null;
}

export const metered = () => navigator.connection?.saveData || null;

// `crypto.randomUUID` is missing in some older browsers that work otherwise.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

// An intent link that opens a path of this site in Chrome. An intent has its own fragment: the path has none.
export function chromeLink(path) {
  return `intent://${location.host}${path}#Intent;scheme=https;package=com.android.chrome;end`;
}
