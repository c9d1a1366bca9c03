// Node's dns module (c-ares): answers the questions on its standard input; see resolving.py.
const { Resolver } = require("dns").promises;
const readline = require("readline");

const resolver = new Resolver({ timeout: 5000, tries: 2 });
resolver.setServers([process.argv[2]]);

const ask = {
  A: (name) => resolver.resolve4(name),
  AAAA: (name) => resolver.resolve6(name),
  SRV: async (name) =>
    (await resolver.resolveSrv(name)).map((r) => `${r.priority}:${r.weight}:${r.port}:${r.name}`),
};
const words = { ENOTFOUND: "NXDOMAIN", ENODATA: "NODATA" };

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [type, name] = line.split(" ");
    const records = await ask[type](name).catch((error) => [words[error.code] || `error ${error.code}`]);
    console.log(records.join(" "));
  }
}

main();
