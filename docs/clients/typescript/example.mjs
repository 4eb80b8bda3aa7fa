// Measure and send every few seconds, until the consent is withdrawn, in Node 20 or newer:
//   node node_modules/dosong-client/example.mjs URL --latitude 21.5942 --longitude 105.8482 --accuracy-m 12
import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Phone } from "dosong-client";
import { FileStorage } from "dosong-client/node";

const text = { type: "string" };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    latitude: text,
    longitude: text,
    "accuracy-m": text,
    operator: text,
    profile: { ...text, default: "full" },
    times: { ...text, default: "1" }, // how many tests
    every: { ...text, default: "5" }, // seconds between two tests
    store: { ...text, default: "phone" }, // folder that keeps token and unsent samples
    agree: { type: "boolean", default: false }, // the person has agreed already
  },
});

async function agrees(consent) {
  if (values.agree) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`${consent.text}\nAgree? (yes/no) `);
  terminal.close();
  return answer === "yes";
}

const phone = new Phone(positionals[0], new FileStorage(values.store), {
  onResult: (body, result) => console.log(result),
});
if (!(await phone.register(agrees))) {
  console.log("Nothing was registered.");
  process.exit(1);
}
console.log(`With this code the person can withdraw: ${await phone.withdrawalCode()}`);
const location = {
  latitude: Number(values.latitude),
  longitude: Number(values.longitude),
  accuracy_m: Number(values["accuracy-m"]),
};
const network = { kind: "mobile", operator: values.operator };
let left = Number(values.times);
while (left || (await phone.waiting()).length) {
  if (left) {
    left -= 1;
    try {
      await phone.measure({ location, network, profile: values.profile });
    } catch (error) {
      console.error(error.message); // no ticket: there are eight unused ones at most
    }
  }
  const { outcome, wait } = await phone.send();
  if (outcome === "ended") {
    console.log("The consent was withdrawn.");
    break;
  }
  await sleep(left ? Number(values.every) * 1000 : wait);
}
