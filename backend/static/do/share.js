// A picture of a result to share, drawn on the phone. It names the commune and the day, nothing finer.
import { judge } from "./quality.js";
import { hasRing, percentOf } from "./result.js";
import { copyText, day, element, number, place, speed, time, translate } from "./texts.js";

const [WIDTH, HEIGHT, EDGE] = [1080, 1350, 84];
const [DEEP, BRIGHT, PALE, LEAF, DEMO] = ["#0b4a67", "#ffffff", "#cfe6f1", "#7fe0ae", "#c9b8fb"];
const FONT = (size, weight = 500) => `${weight} ${size}px Inter, system-ui, sans-serif`;

// Open the ways to share a sample; `commune` is of `showProgress`, `compared` of `showComparison`.
export async function openSharing(body, commune, compared) {
  await document.fonts?.ready;
  const canvas = element("picture");
  draw(canvas.getContext("2d"), body, commune, compared);
  const text = shareText(body, commune);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const file = new File([blob], "do-song.png", { type: "image/png" });
  const data = { files: [file], text };
  const save = element("share-save");
  if (save.href.startsWith("blob:")) URL.revokeObjectURL(save.href);
  save.href = URL.createObjectURL(blob);
  element("share-text").textContent = text;
  element("share-ways").hidden = false;
  const send = element("share-send");
  send.hidden = !navigator.canShare?.(data);
  send.onclick = () => navigator.share(data).catch(() => {});
  element("share-copy").onclick = () => copy(text);
  if (!send.hidden) send.click(); // still within the press of the button
}

// The words beside the picture.
function shareText(body, commune) {
  const { text } = judge(body);
  return translate(commune ? "shareTextAt" : "shareText", { verdict: text, unit: commune ? place(commune.name) : "", address: location.host });
}

async function copy(text) {
  const button = element("share-copy");
  button.textContent = (await copyText(element("share-text"), text)) ? button.dataset.done : button.dataset.failed;
}

function draw(pen, body, commune, compared) {
  const { text, grade, most } = judge(body);
  pen.fillStyle = DEEP;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  waves(pen);
  write(pen, "Đo Sóng", EDGE, 130, FONT(48, 750), BRIGHT);
  write(pen, date(), WIDTH - EDGE, 130, FONT(40), PALE, "right");
  let y = wrap(pen, text, EDGE, 330, FONT(100, 750), BRIGHT, 112);
  y = dots(pen, grade, most, y + 24);
  y = figures(pen, body, y + 160);
  if (compared) y = wrap(pen, compared.text, EDGE, y + 100, FONT(42, 600), PALE, 56);
  if (commune) progress(pen, commune, Math.max(y + 60, 900));
  const operator = body.network.operator;
  const kind = translate(body.network.kind === "mobile" ? "mobile" : "wifi");
  write(pen, [operator, kind].filter(Boolean).join(", "), EDGE, HEIGHT - 70, FONT(36), PALE);
  write(pen, `${location.host}/do`, WIDTH - EDGE, HEIGHT - 70, FONT(36, 650), BRIGHT, "right");
  if (commune?.demo || compared?.demo) demoMark(pen);
}

const date = () => day(Date.now()).split("-").reverse().join("/");

function write(pen, text, x, y, font, colour, align = "left") {
  pen.font = font;
  pen.fillStyle = colour;
  pen.textAlign = align;
  pen.fillText(text, x, y);
}

// Write a text in lines of the picture's width; returns the last baseline.
function wrap(pen, text, x, y, font, colour, height, width = WIDTH - x - EDGE) {
  pen.font = font;
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line ? `${line} ${word}` : word;
    if (line && pen.measureText(longer).width > width) {
      write(pen, line, x, y, font, colour);
      [line, y] = [word, y + height];
    } else line = longer;
  }
  write(pen, line, x, y, font, colour);
  return y;
}

function waves(pen) {
  pen.strokeStyle = "rgb(255 255 255 / .08)";
  pen.lineWidth = 46;
  for (const radius of [180, 330, 480]) {
    pen.beginPath();
    pen.arc(WIDTH - 40, HEIGHT - 330, radius, 0, 2 * Math.PI);
    pen.stroke();
  }
}

// The grade as filled and empty bars: colour is not needed to read it.
function dots(pen, grade, most, y) {
  const width = 120;
  for (let at = 0; at < most; at += 1) {
    pen.beginPath();
    pen.roundRect(EDGE + at * (width + 16), y + 30, width, 22, 11);
    pen.fillStyle = at < grade ? LEAF : "rgb(255 255 255 / .22)";
    pen.fill();
  }
  return y + 52;
}

function figures(pen, body, y) {
  const values = [
    ["↓", speed(body.download_mbps), "Mbps"],
    ["↑", speed(body.upload_mbps), "Mbps"],
    ["⇄", number(body.ping_ms), "ms"],
  ];
  values.forEach(([sign, value, unit], at) => {
    const x = EDGE + at * 310;
    write(pen, `${sign} ${value}`, x, y, FONT(76, 750), BRIGHT);
    write(pen, unit, x, y + 56, FONT(38), PALE);
  });
  return y + 56;
}

function progress(pen, { name, counted, asOf, target, share, team }, y) {
  const left = hasRing(share) ? EDGE + 260 : EDGE;
  if (hasRing(share)) ring(pen, share, y);
  const end = wrap(pen, name, left, y + 70, FONT(50, 700), BRIGHT, 58);
  write(pen, translate("shareProgress", { counted: number(counted), target: number(target), time: time(asOf) }), left, end + 60, FONT(40), PALE);
  if (team) wrap(pen, team, left, end + 118, FONT(38, 600), BRIGHT, 48);
}

function ring(pen, share, y) {
  const [x, radius] = [EDGE + 110, 96];
  pen.lineWidth = 28;
  pen.strokeStyle = "rgb(255 255 255 / .2)";
  pen.beginPath();
  pen.arc(x, y + 110, radius, 0, 2 * Math.PI);
  pen.stroke();
  pen.strokeStyle = LEAF;
  pen.beginPath();
  pen.arc(x, y + 110, radius, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * share);
  pen.stroke();
  write(pen, percentOf(share), x, y + 126, FONT(46, 750), BRIGHT, "center");
}

function demoMark(pen) {
  pen.save();
  pen.translate(WIDTH / 2, HEIGHT / 2);
  pen.rotate(-0.35);
  write(pen, translate("demo").toUpperCase(), 0, 0, FONT(150, 800), "rgb(201 184 251 / .28)", "center");
  pen.restore();
  write(pen, translate("demo"), WIDTH / 2, 130, FONT(40, 700), DEMO, "center");
}
