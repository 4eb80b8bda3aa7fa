// "My journey": what this phone measured today, yesterday and this month, and the places without a connection.
import { describeNote, notedAt } from "./notes.js";
import { notes, ON_SERVER, samples } from "./store.js";
import { create, day, dayAndTime, element, isToday, number, speed, translate, translatePlural } from "./texts.js";
import { describe } from "./verdicts.js";

const DAY_MS = 86_400_000;

const newestFirst = (all, moment) => all.sort((one, other) => (moment(one) < moment(other) ? 1 : -1));
const measuredAt = ({ body }) => body.measured_at;
const countedOf = (list) => list.filter((one) => one.answer?.counted).length;

// A sample that may still count waits; nothing of a broken test can.
const isWaiting = ({ state, body }) => state === "waiting" && body.status === "finished";

export async function showJourney() {
  const all = newestFirst(await samples(), measuredAt);
  const ofToday = all.filter((one) => isToday(measuredAt(one)));
  showTotals(all, ofToday);
  const waiting = all.filter(isWaiting);
  element("queue").hidden = !waiting.length;
  element("queue").textContent = translatePlural("waitingMany", waiting.length);
  const isShown = (one) => isToday(measuredAt(one)) || isWaiting(one);
  const gaps = newestFirst(await notes(), notedAt);
  const isOpen = (one) => one.state === "waiting" || isToday(notedAt(one));
  element("gaps").replaceChildren(...gaps.filter(isOpen).map(gapItem));
  element("today").replaceChildren(...all.filter(isShown).map(sampleItem));
  const earlier = [...all.filter((one) => !isShown(one)).map(sampleItem), ...gaps.filter((one) => !isOpen(one)).map(gapItem)];
  element("earlier-samples").replaceChildren(...earlier);
  element("earlier").hidden = !earlier.length;
}

function showTotals(all, ofToday) {
  const inDay = (moment) => all.filter((one) => day(measuredAt(one)) === day(moment));
  const thisMonth = day(Date.now()).slice(0, 7);
  const inMonth = countedOf(all.filter((one) => day(measuredAt(one)).startsWith(thisMonth)));
  const yesterday = countedOf(inDay(Date.now() - DAY_MS));
  const mb = ofToday.reduce((sum, one) => sum + (one.body.data_used_mb ?? 0), 0);
  const ownDay = () => translatePlural("ownDay", ofToday.length, { counted: number(countedOf(ofToday)) });
  const beside = ofToday.filter((one) => one.beside).length;
  const ispeed = beside ? [translatePlural("ownIspeed", beside)] : [];
  element("own-day").textContent = ofToday.length ? [ownDay(), ...ispeed].join(", ") : translate("ownDayNone");
  element("own-data").parentElement.hidden = !ofToday.length;
  element("own-data").textContent = translate("megabytes", { mb: number(mb) });
  const before = yesterday ? [translatePlural("yesterday", yesterday)] : [];
  element("own-month").textContent = [...before, ...(inMonth ? [translatePlural("month", inMonth)] : [])].join(" · ");
}

function sampleItem(sample) {
  const { kind, verdict, why } = describe(sample);
  const { body } = sample;
  const row = create("li", kind);
  row.append(create("span", "at", dayAndTime(body.measured_at)));
  if (body.status === "finished") {
    const values = `↓ ${speed(body.download_mbps)}  ↑ ${speed(body.upload_mbps)} Mbps · ${number(body.ping_ms)} ms`;
    row.append(create("span", "values-short", values));
  }
  if (body.data_used_mb) row.append(create("span", "data-short", translate("megabytes", { mb: number(body.data_used_mb, 1) })));
  row.append(create("span", "verdict-short", body.source === "manual" ? translate("manual") : verdict));
  if (why && body.source !== "manual") row.append(create("span", "why-short", why));
  return row;
}

function gapItem(note) {
  const { kind, text } = describeNote(note);
  const row = create("li", `gap ${kind}`);
  row.append(create("span", "at", dayAndTime(notedAt(note))));
  row.append(create("span", "values-short", translate(note.isOffline === false ? "noServer" : "noConnection")), create("span", "verdict-short", text));
  return row;
}

// The places of today for the sketch: { latitude, longitude, kind: "own …" | "gap …" }.
export async function placesOfToday() {
  const ofSamples = (await samples()).filter((one) => isToday(measuredAt(one)) && one.body.source !== "manual");
  const own = ofSamples.map((one) => ({ ...one.body.location, kind: `own ${describe(one).kind}` }));
  const isPlace = (one) => one.state === "waiting" || (isToday(notedAt(one)) && !one.answer?.server_down);
  const ofNotes = (await notes()).filter(isPlace);
  const gaps = ofNotes.map((one) => ({ ...one.body.location, kind: `gap ${describeNote(one).kind}` }));
  return [...own, ...gaps].filter((one) => one.latitude !== undefined);
}

let awaited = new Set();

// Notes that were sent since the last call, by the page or its worker: { sent, down }, where `down` were made
// while the server was away.
export async function notesSentSince() {
  const all = await notes();
  const done = all.filter((one) => one.state === ON_SERVER && awaited.has(one.id));
  const down = done.filter((one) => one.answer.server_down).length;
  awaited = new Set(all.filter((one) => one.state === "waiting").map((one) => one.id));
  return { sent: done.length - down, down };
}
