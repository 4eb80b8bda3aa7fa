// Notices of the operator: each stands on the page until its button is pressed, also without a network.
import { request } from "./api.js";
import { saveSetting, setting } from "./store.js";
import { create, dayAndTime, element, translate } from "./texts.js";

// Read on this page: an answer that was on its way at that moment still has them.
const readHere = new Set();

export async function listen() {
  addEventListener("notices", async ({ detail }) => {
    const unread = detail.filter((one) => !readHere.has(one.id));
    await saveSetting("notices", unread);
    show(unread);
  });
  show((await setting("notices")) ?? []);
}

function show(notices) {
  const box = element("notices");
  box.replaceChildren(...notices.map(card));
  box.hidden = !notices.length;
}

function card({ id, text, sent_at: sentAt }) {
  const item = create("div", "notice info");
  const read = create("button", "button plain", translate("noticeRead"));
  read.type = "button";
  read.addEventListener("click", async () => {
    readHere.add(id);
    const left = ((await setting("notices")) ?? []).filter((one) => one.id !== id);
    await saveSetting("notices", left);
    show(left);
    // Without an answer it comes again with the next one.
    const { ok } = await request("POST", `devices/me/notices/${id}/read`);
    if (!ok) readHere.delete(id);
  });
  item.append(create("p", "strong", text), create("p", "hint", translate("noticeFrom", { moment: dayAndTime(sentAt) })), read);
  return item;
}
