// Save each section of a draft while it is typed, and show the letter with it. Until the server has
// it, this browser keeps it: a closed tab, a lost network or an ended session loses nothing. A section
// that somebody else has changed meanwhile shows both texts.

const PAUSE_MS = 1200;
const AGAIN_MS = 15_000;

const form = document.querySelector("#remarks");
const prefix = document.querySelector("[data-report]").dataset.report;
const status = document.querySelector("#saved");

const normalised = (text) => text.replaceAll("\r\n", "\n").trim();

const ROMAN = ["I", "II", "III", "IV", "V"];

// Number the sections of the letter that have content; the others are left out.
function numberSections() {
  let n = 0;
  for (const head of document.querySelectorAll(".sheet [data-heading]")) {
    head.hidden = !head.nextElementSibling.textContent;
    if (!head.hidden) head.textContent = `${ROMAN[n++]}. ${head.dataset.heading}`;
  }
}

function say(state, time = "") {
  status.textContent = (status.dataset[state] ?? "").replace("{time}", time);
}

class Section {
  constructor(field) {
    this.field = field;
    this.box = field.closest("section");
    this.seen = this.box.querySelector("[name$='_seen']");
    this.shown = document.querySelector(`[data-section="${field.name}"]`);
    this.key = `${prefix}-${field.name}`;
    this.saved = normalised(field.defaultValue);
    this.rewrites = this.box.querySelector("[name$='_rewrites']");
    this.savedMode = this.rewrites.defaultChecked;
    this.rewrites.addEventListener("change", () => this.changed());
    this.editButton();
    field.addEventListener("input", () => this.changed());
    field.addEventListener("blur", () => this.save());
    this.restore();
    this.show();
  }

  // Copy the sentences into the field, to change some words of them: what was typed follows.
  editButton() {
    const button = this.box.querySelector("[data-edit]");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      this.field.value = [this.shown.dataset.proposed, this.field.value].filter(Boolean).join("\n");
      this.rewrites.checked = true;
      this.field.focus();
      this.changed();
    });
  }

  restore() {
    const kept = JSON.parse(localStorage.getItem(this.key) ?? "null");
    if (normalised(this.field.value) !== this.saved) return this.changed(); // typed before this script ran
    if (!kept || normalised(kept.text) === this.saved) return localStorage.removeItem(this.key);
    if (kept.seen === this.seen.value) {
      this.field.value = kept.text;
      this.changed();
    } else {
      const state = this.box.querySelector("[data-state]").textContent;
      this.differ(kept.text, { text: this.saved, seen: this.seen.value, by: state });
    }
  }

  changed() {
    localStorage.setItem(this.key, JSON.stringify({ seen: this.seen.value, text: this.field.value }));
    this.show();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE_MS);
  }

  show() {
    const text = normalised(this.field.value);
    const alone = text && this.rewrites.checked;
    this.field.classList.toggle("unsaved", text !== this.saved);
    this.box.querySelector(".proposal")?.classList.toggle("replaced", Boolean(alone));
    this.shown.textContent = [alone ? "" : this.shown.dataset.proposed, text].filter(Boolean).join("\n");
    numberSections();
  }

  async save() {
    clearTimeout(this.timer);
    const text = normalised(this.field.value);
    const mode = this.rewrites.checked;
    if (this.panel || this.saving || (text === this.saved && mode === this.savedMode)) return;
    this.saving = true;
    say("saving");
    const answer = await this.send(text, mode);
    this.saving = false;
    if (!answer) {
      say("lost");
      this.timer = setTimeout(() => this.save(), AGAIN_MS);
    } else if (answer.ok) this.stored(text, mode, answer.body);
    else this.refused(answer);
  }

  async send(text, mode) {
    const headers = {
      "Content-Type": "text/plain; charset=utf-8",
      "If-Match": `"${this.seen.value.split("-")[0]}"`,
      "X-CSRF-Token": form.elements.csrf_token.value,
      "Accept-Language": document.documentElement.lang,
    };
    const path = `/api/v1/reports/${form.dataset.id}/remarks/${this.field.name}?rewrites=${mode}`;
    try {
      // `keepalive`: a text that is sent while the tab closes arrives.
      const answer = await fetch(path, { method: "PUT", headers, body: text, keepalive: true });
      if (answer.status >= 500 || answer.status === 429) return null;
      return { ok: answer.ok, status: answer.status, body: await answer.json() };
    } catch {
      return null;
    }
  }

  stored(text, mode, body) {
    this.saved = text;
    this.savedMode = mode;
    this.seen.value = body.seen;
    for (const input of document.querySelectorAll("input[name=version]")) input.value = body.report_version;
    const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    say("saved", time);
    this.box.querySelector("[data-state]").textContent = status.textContent;
    if (normalised(this.field.value) === text) localStorage.removeItem(this.key);
    else this.changed(); // typed while it was sent
    this.show();
  }

  refused({ status: code, body }) {
    if (code === 412 && body.stored) {
      const { text, seen, changed_by: by } = body.stored;
      this.differ(this.field.value, { text, seen, by: by ?? "" });
    } else if (code === 401 || code === 403) {
      say("");
      document.querySelector("#signed-out").hidden = false;
    } else if (code === 409) say("closed");
    else {
      const [error] = body.errors ?? [];
      say("");
      this.box.querySelector(".fault").textContent = error?.message ?? body.title;
    }
  }

  // Show the stored text beside the typed one; the person keeps one of them, or both.
  differ(mine, stored) {
    this.field.value = mine;
    this.panel?.remove();
    this.panel = document.querySelector("#conflict").content.firstElementChild.cloneNode(true);
    this.panel.querySelector("[data-by]").textContent = stored.by;
    this.panel.querySelector("[data-stored]").textContent = stored.text || "–";
    const choose = (name, text) =>
      this.panel.querySelector(`[data-${name}]`).addEventListener("click", () => {
        this.panel.remove();
        this.panel = null;
        this.seen.value = stored.seen;
        this.saved = normalised(stored.text);
        this.field.value = text();
        this.field.focus();
        this.changed();
        this.save();
      });
    choose("mine", () => this.field.value);
    choose("theirs", () => stored.text);
    choose("both", () => `${stored.text}\n${this.field.value}`.trim());
    this.field.closest(".field").before(this.panel);
    this.show();
    say("conflict");
  }
}

if (form) {
  const sections = [...form.querySelectorAll("[data-remark]")].map((field) => new Section(field));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") for (const one of sections) one.save();
  });
  addEventListener("online", () => sections.forEach((one) => one.save()));
  addEventListener("pagehide", () => sections.forEach((one) => one.save()));
} else {
  // The report is frozen: its text is in the figures, and nothing is kept here.
  for (const key of Object.keys(localStorage)) if (key.startsWith(`${prefix}-`)) localStorage.removeItem(key);
}

// What is closed is not printed.
addEventListener("beforeprint", () => {
  for (const annex of document.querySelectorAll(".annex")) annex.open = true;
});
