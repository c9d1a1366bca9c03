// npm's eureka-js-client: registers, heartbeats, finds itself, is told by deltas, deregisters. Prints what it is asked
// on its standard input: "instances APP" and "heartbeats"; "stop" deregisters and ends.
const readline = require("readline");
const { Eureka } = require("eureka-js-client");

const [host, port, delta, user] = process.argv.slice(2);
const client = new Eureka({
  instance: {
    app: "js-worker",
    instanceId: "js1",
    hostName: "js.example",
    ipAddr: "10.0.0.7",
    port: { $: 8080, "@enabled": "true" },
    vipAddress: "js-worker",
    dataCenterInfo: { "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", name: "MyOwn" },
    metadata: { version: "2" },
  },
  eureka: {
    host, port: Number(port), servicePath: "/eureka/v2/apps/", heartbeatInterval: 200, registryFetchInterval: 200,
    maxRetries: 0,
  },
  shouldUseDelta: delta === "delta",
  requestMiddleware: (options, done) => {
    if (user) options.auth = { user: user.split(":")[0], password: user.split(":")[1] };
    done(options);
  },
  logger: { debug() {}, info() {}, warn() {}, error: (...said) => console.error(...said) },
});

let heartbeats = 0;
client.on("heartbeat", () => (heartbeats += 1));

const ask = {
  instances: (app) => client.getInstancesByAppId(app).map((each) => `${each.instanceId}=${each.status}`).sort().join(","),
  vip: (vip) => client.getInstancesByVipAddress(vip).map((each) => `${each.ipAddr}:${each.port.$}`).sort().join(","),
  heartbeats: () => String(heartbeats),
};

client.start((error) => {
  console.log(error ? `failed: ${error.message}` : "started");
  if (error) process.exit(1);
  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const [word, argument] = line.split(" ");
    if (word !== "stop") return console.log(ask[word](argument));
    return client.stop((failed) => {
      console.log(failed ? `failed: ${failed.message}` : "stopped");
      process.exit(failed ? 1 : 0);
    });
  });
});
