// Inside Zalo and other apps: how to open this page in a real browser, where a phone can measure.
import { chromeLink, insideApp, isIos } from "./do/browser.js";

const notice = document.getElementById("inside");
const app = insideApp();
if (app !== null) {
  const title = notice.querySelector("strong");
  title.textContent = title.dataset.text.replace("{app}", app || title.dataset.other);
  notice.querySelector("a").href = chromeLink(location.pathname + location.search);
  for (const part of notice.querySelectorAll("[data-for]")) part.hidden = (part.dataset.for === "ios") !== isIos;
  notice.hidden = false;
}
