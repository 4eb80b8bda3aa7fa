// The queue of signals: evidence without leaving the page, selection of groups, keys.
// Without this script links open the evidence and checkboxes select.

const queue = document.getElementById("queue");
if (queue) start();

function start() {
  const evidence = document.getElementById("evidence");
  const links = [...queue.querySelectorAll("[data-signal]")];
  const boxes = [...queue.querySelectorAll("input[name=signals]")];
  const narrow = matchMedia("(max-width: 960px)");
  let latest = 0;

  const boxOf = (link) => link.closest(".case").querySelector("input");
  const groupOf = (one) => [...one.closest(".case-group").querySelectorAll("input[name=signals]")];
  const currentLink = () => links.find((link) => link.getAttribute("aria-current")) ?? links[0];

  // On a narrow screen the evidence follows its signal; on a wide one it stands beside the list.
  function place(link) {
    if (narrow.matches) link.closest(".case").append(evidence);
    else queue.querySelector(".cases").after(evidence);
  }

  async function open(link, keepFocus = true) {
    const request = ++latest;
    for (const one of links) one.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    place(link);
    const url = new URL(link.href);
    url.hash = "";
    url.searchParams.set("part", "evidence");
    try {
      const answer = await fetch(url, { headers: { "Accept-Language": document.documentElement.lang }, redirect: "error" });
      if (request !== latest) return;
      if (!answer.ok) throw new Error(answer.status);
      evidence.innerHTML = await answer.text();
    } catch {
      if (request === latest) location.assign(link.href); // signed out, or the page shows the reason
    }
    if (keepFocus) link.focus({ preventScroll: true });
  }

  function count() {
    const n = boxes.filter((box) => box.checked).length;
    document.getElementById("selected").textContent = n ? queue.dataset.selected.replace("{n}", n) : "";
  }

  function toggle(some) {
    const on = some.some((box) => !box.checked);
    for (const box of some) box.checked = on;
    count();
  }

  function move(by) {
    const at = links.indexOf(links.includes(document.activeElement) ? document.activeElement : currentLink());
    const link = links[Math.min(Math.max(at + by, 0), links.length - 1)];
    link.focus();
    link.scrollIntoView({ block: "center" });
    open(link);
  }

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    x: () => toggle([boxOf(currentLink())]),
    g: () => toggle(groupOf(currentLink())),
    r: () => document.getElementById("note").focus(),
  };

  queue.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (typing && event.key === "Escape") currentLink().focus();
    if (typing && event.key === "Enter") event.preventDefault(); // no button is meant
    const act = keys[event.key.toLowerCase()];
    if (typing || !act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  queue.addEventListener("click", (event) => {
    const link = event.target.closest("[data-signal]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(link);
    }
    const button = event.target.closest("[data-all], [data-group]");
    if (button) toggle("all" in button.dataset ? boxes : groupOf(button));
  });
  queue.addEventListener("change", count);
  narrow.addEventListener("change", () => place(currentLink()));
  let sent = false;
  queue.addEventListener("submit", (event) => {
    if (sent) event.preventDefault(); // a double tap
    sent = true;
  });
  addEventListener("pageshow", () => { sent = false; });

  for (const one of queue.querySelectorAll("#queue-tools, [data-group]")) one.hidden = false;
  count();
}
