// Run by tests/test_client_kits.py in a folder where the kit is installed; URL is a server.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { stat } from "node:fs/promises";
import { test } from "node:test";
import { MemoryStorage, Phone } from "dosong-client";
import { FileStorage } from "dosong-client/node";

const { URL: url, SAMPLES } = process.env;
const samples = JSON.parse(SAMPLES);

test("the queue outlives a restart", async () => {
  const away = new Phone("http://127.0.0.1:1", new FileStorage("phone"));
  const added = [];
  for (const one of samples) added.push(await away.add(one));
  assert.equal((await stat("phone")).mode & 0o777, 0o700);
  const answers = [];
  const phone = new Phone(url, new FileStorage("phone"), { onResult: (body) => answers.push(body.id) });
  assert.deepEqual((await phone.waiting()).map((one) => one.body.id), added);
  assert.equal((await phone.send()).outcome, "nothing"); // not registered
  assert.equal(await phone.register(() => false), false);
  assert.equal(await phone.register((consent) => consent.text.length > 100, { model: "kit" }), true);
  const code = await phone.withdrawalCode();
  const both = await Promise.all([phone.send(), phone.send()]); // one after the other
  assert.deepEqual(both.map((one) => one.outcome), ["sent", "nothing"]);
  assert.deepEqual(answers, added);
  const [refused] = await phone.refused();
  assert.deepEqual([refused.body.id, refused.answer.outcome], [added[1], "rejected"]);
  const again = new Phone(url, new FileStorage("phone"));
  assert.equal(await again.register(() => false), true);
  assert.equal(await again.withdrawalCode(), code);
  const { data } = await again.api.GET("/api/v1/measurements"); // a typed request, as the phone
  assert.deepEqual(data.items.map((one) => one.id), [added[0]]);
  await again.withdraw();
  assert.deepEqual([await again.refused(), await again.withdrawalCode()], [[], null]);
});

test("without a server it pauses, longer after each failure, and keeps the pause", async () => {
  const storage = new MemoryStorage();
  await storage.write("device", { id: "a", token: "b", proven: true });
  const phone = new Phone("http://127.0.0.1:1", storage);
  await phone.add(samples[0]);
  for (const limit of [2000, 4000, 8000]) {
    assert.equal((await phone.send({ afresh: true })).outcome, "later");
    assert.equal((await storage.read("pause")).limit, 2000); // a person begins at the first limit
    await storage.write("pause", { until: 0, asked: 0, limit });
    assert.equal((await phone.send()).outcome, "later");
    assert.equal((await storage.read("pause")).limit, 2 * limit);
  }
  await storage.write("pause", { until: 4e15, asked: 0, limit: 1000 }); // of a clock that was changed
  assert.equal((await phone.send()).outcome, "later");
  assert.ok((await storage.read("pause")).until < 4e15);
});

test("the sign-in page of a hotspot is no answer", async () => {
  const statuses = [200, 302, 401, 404, 511];
  const hotspot = createServer((request, response) => {
    response.writeHead(statuses.at(0), { "Content-Type": "text/html" }).end("<html>Sign in</html>");
  });
  await new Promise((resolve) => hotspot.listen(0, "127.0.0.1", resolve));
  const storage = new MemoryStorage();
  await storage.write("device", { id: "a", token: "b", proven: true });
  const phone = new Phone(`http://127.0.0.1:${hotspot.address().port}`, storage);
  await phone.add(samples[0]);
  while (statuses.length) {
    assert.equal((await phone.send({ afresh: true })).outcome, "later", String(statuses[0]));
    statuses.shift();
  }
  assert.equal((await phone.waiting()).length, 1);
  hotspot.close();
});
