// npm's consul: registers, watches the healthy instances, passes a TTL check, deregisters. Prints "done" at the end.
const assert = require("assert");
const Consul = require("consul");

const [host, port] = process.argv.slice(2);
const consul = new Consul({ host, port: Number(port) });
const id = "w:1/a"; // percent-encoded by the client

// The first list that fits, of those that the watch tells.
function told(watch, fits) {
  return new Promise((resolve, reject) => {
    const look = (list) => {
      if (!fits(list)) return;
      watch.removeListener("change", look);
      resolve(list);
    };
    watch.on("change", look);
    watch.once("error", reject);
  });
}

async function main() {
  const watch = consul.watch({
    method: consul.health.service,
    options: { service: "worker", passing: true, wait: "20s" },
  });
  let changes = 0;
  watch.on("change", () => (changes += 1));
  await told(watch, (list) => list.length === 0);

  await consul.agent.service.register({
    name: "worker", id, address: "10.0.0.1", port: 8080, tags: ["a"], meta: { v: "1" }, check: { ttl: "15s" },
  });
  const up = told(watch, (list) => list.length === 1);
  await consul.agent.check.pass(`service:${id}`);
  const [entry] = await up;
  assert.strictEqual(entry.Service.ID, id);
  assert.deepStrictEqual(entry.Service.Tags, ["a"]);
  assert.deepStrictEqual(entry.Service.Meta, { v: "1" });
  assert.strictEqual(entry.Checks[0].CheckID, `service:${id}`);
  assert.deepStrictEqual(Object.keys(await consul.agent.services()), [id]);
  assert.deepStrictEqual(await consul.catalog.service.list(), { worker: ["a"] });
  assert.deepStrictEqual(await consul.catalog.datacenters(), ["dc1"]);

  const before = changes;
  for (let i = 0; i < 3; i += 1) await consul.agent.check.pass(`service:${id}`);
  assert.strictEqual(changes, before, "a heartbeat is no change");

  const down = told(watch, (list) => list.length === 0);
  await consul.agent.service.deregister(id);
  await down;
  watch.end();
  console.log("done");
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
