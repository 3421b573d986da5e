/**
 * What the NTP proxy costs: `node bench/ntp.ts [rounds]`. In front of `chronyd`: replies a second while many requests are under way, and by how much more an
 * offset is wrong that a client finds through the proxy. All without a fault, and with and without the proxy in turn.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuSeconds, freePort, isThere } from "./children.ts";
import { quantile, ratioOf, say, table } from "./figures.ts";
import { offsetPairs, replies, untilAnswered } from "./ntp/client.ts";
import { startPeer, startSinbin } from "./peers.ts";
import { roundsOf } from "./rounds.ts";

const rounds = roundsOf(process.argv[2]);
const seconds = 3;
const pairs = 1000;
const mostAddedMicroseconds = 50;

if (!isThere("chronyd")) throw new Error("chronyd is not installed: apt-get install chrony");

await using stack = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), "sinbin-bench-"));
stack.defer(() => rm(folder, { recursive: true }));

const port = await freePort();
const directives = ["local stratum 8", "allow 127.0.0.1", "bindaddress 127.0.0.1", `port ${port}`];
const apart = ["cmdport 0", "bindcmdaddress /", `pidfile ${join(folder, "pid")}`];
const server = stack.use(
  await startPeer({
    name: "no proxy",
    port,
    command: "chronyd",
    // It leaves the machine's clock alone.
    words: ["-d", "-x", "-u", process.env["USER"] ?? "root", ...directives, ...apart],
    ready: () => untilAnswered(port),
  }),
);
const sinbin = stack.use(await startSinbin("sinbin", server, { proto: "ntp" }));
const peers = [server, sinbin];

const columns = ["replies/s", "CPU µs/reply", "offset µs (median)", "offset µs (p99)"] as const;
const figures = new Map(columns.map((column) => [column, new Map(peers.map(({ name }) => [name, [] as number[]]))]));
const added: number[] = [];

for (let round = 0; round < rounds; round++) {
  const put = (column: (typeof columns)[number], name: string, value: number): unknown =>
    figures.get(column)?.get(name)?.push(value);
  for (const { name, port: at, pid } of peers) {
    const before = cpuSeconds(pid);
    const { count, perSecond } = await replies(at, seconds);
    put("replies/s", name, perSecond);
    put("CPU µs/reply", name, ((cpuSeconds(pid) - before) / count) * 1e6);
  }
  const offsets = await offsetPairs([server.port, sinbin.port], pairs);
  for (const [n, { name }] of peers.entries()) {
    const found = offsets.map((pair) => Math.abs(pair[n] ?? Number.NaN));
    put("offset µs (median)", name, quantile(found, 0.5));
    put("offset µs (p99)", name, quantile(found, 0.99));
  }
  added.push(
    quantile(
      offsets.map(([without, through]) => Math.abs(through - without)),
      0.5,
    ),
  );
}

say(`${rounds} rounds\n\n${table(figures)}\n`);
say(`replies/s: ${ratioOf(figures.get("replies/s") ?? new Map(), sinbin.name, server.name, 2)}`);
say(
  `what the proxy adds to an offset: ${quantile(added, 0.5).toFixed(1)} µs (median); target: below ${mostAddedMicroseconds} µs`,
);
