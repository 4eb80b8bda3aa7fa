// A result of i-Speed, typed in by hand with the position of this moment; shown apart.
import { newId } from "./browser.js";
import { VERSION } from "./consent.js";
import { network, place } from "./measuring.js";
import { asSent, FAIR_M } from "./place.js";
import { keepSample } from "./store.js";
import { element, say, words } from "./words.js";

const FIX_MS = 10_000;

// As Vietnamese and English write a decimal.
const read = (input) => Number(input.value.trim().replace(",", ".") || NaN);

export function listen(kept) {
  element("note").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const [down, up, ping] = ["down", "up", "ping"].map((name) => read(form.elements[name]));
    const whole = [down, up, ping].every((value) => Number.isFinite(value) && value >= 0);
    element("note-fault").textContent = whole ? "" : words("needNumbers");
    if (!whole) return;
    const measuredAt = new Date().toISOString();
    place.start();
    await place.until(FAIR_M, FIX_MS);
    const told = await network();
    const body = {
      id: newId(),
      measured_at: measuredAt,
      status: "finished",
      download_mbps: down,
      upload_mbps: up,
      ping_ms: ping,
      network: { kind: told?.kind ?? "unknown", ...(told?.operator && { operator: told.operator }) },
      ...(told?.operator && { operator_source: "user" }),
      location: asSent(place.best()),
      server: { name: "i-Speed" },
      app_version: VERSION,
      source: "manual",
    };
    await keepSample({ id: body.id, body, state: "waiting", answer: null });
    form.reset();
    say(words("saved"));
    await kept();
  });
}
