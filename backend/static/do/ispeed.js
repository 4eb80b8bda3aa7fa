// Enter a result of i-Speed by hand; it is stored with the current position and listed separately.
import { newId } from "./browser.js";
import { VERSION } from "./consent.js";
import { network, position } from "./measurement.js";
import { FAIR_M, toLocation } from "./position.js";
import { saveSample } from "./store.js";
import { element, onSubmit, showMessage, translate } from "./texts.js";

const FIX_MS = 10_000;

// Decimal comma or point.
const parseNumber = (input) => Number(input.value.trim().replace(",", ".") || NaN);

export function listen(onSaved) {
  const form = element("note");
  // The position may take seconds, in which a second press would store the result twice.
  onSubmit(form, async ({ down: first, up: second, ping: third }) => {
    const inputs = [first, second, third];
    const [down, up, ping] = inputs.map(parseNumber);
    const wrong = inputs.find((input) => !(parseNumber(input) >= 0));
    for (const input of inputs) input.setAttribute("aria-invalid", String(!(parseNumber(input) >= 0)));
    element("note-fault").textContent = wrong ? translate("needNumbers") : "";
    if (wrong) return wrong.focus();
    const measuredAt = new Date().toISOString();
    position.start();
    await position.until(FAIR_M, FIX_MS);
    const current = await network();
    const body = {
      id: newId(),
      measured_at: measuredAt,
      status: "finished",
      download_mbps: down,
      upload_mbps: up,
      ping_ms: ping,
      network: { kind: current?.kind ?? "unknown", ...(current?.operator && { operator: current.operator }) },
      ...(current?.operator && { operator_source: "user" }),
      location: toLocation(position.best()),
      server: { name: "i-Speed" },
      app_version: VERSION,
      source: "manual",
    };
    await saveSample({ id: body.id, body, state: "waiting", answer: null });
    form.reset();
    showMessage(translate("saved"), "good");
    await onSaved();
  });
}
