/**
 * What the TCP proxy costs: `node bench/tcp.ts [rounds]`. Its peers stand beside it before the same servers, each measured in turn in every round: a
 * direct connection, HAProxy in TCP mode, and Toxiproxy, where they are installed. Ratios are of one round; what is printed is their median, and the
 * least and the most.
 */
import { measure, quantile, say, tell, tellRatio } from "./figures.ts";
import { connectionRate, download, idle, roundTrips, upload } from "./tcp/measures.ts";
import { roundsOf } from "./rounds.ts";
import { mostConnections, startHaproxy, startServers, startSinbin, startToxiproxy } from "./tcp/peers.ts";
import type { Peer } from "./tcp/peers.ts";

const rounds = roundsOf(process.argv[2]);
const bytes = 256 * 1024 * 1024;
/** Of the proxy that is late. */
const delayMs = 50;
const idleConnections = Math.min(10_000, mostConnections);

await using stack = new AsyncDisposableStack();
const direct = stack.use(await startServers(bytes, delayMs));
const sinbin = stack.use(await startSinbin("sinbin", direct.ports));
const delayed = stack.use(await startSinbin("with 50 ms", direct.ports, [`tcp.latency: { delay: ${delayMs}ms }`]));
const wide = stack.use(await startSinbin("with 10 GB/s", direct.ports, ["tcp.bandwidth: { rate: 10GB/s }"]));
const others = [await startHaproxy(direct.ports), await startToxiproxy(direct.ports)].filter(
  (each) => each !== undefined,
);
for (const each of others) stack.use(each);
const all = [direct, sinbin, ...others];
say(`${rounds} rounds; beside sinbin: ${["a direct connection", ...others.map(({ name }) => name)].join(", ")}`);

for (const [what, move] of [
  ["download", (peer: Peer) => download(peer.ports.source, bytes)],
  ["upload", (peer: Peer) => upload(peer.ports.sink, bytes)],
] as const) {
  const figures = await measure(rounds, [...all, delayed, wide], move);
  tell(what, figures, "MB/s");
  for (const { name } of [direct, ...others]) tellRatio("no fault", figures, "sinbin", name);
  for (const { name } of [delayed, wide]) tellRatio(name, figures, name, "sinbin");
}

const trips = new Map(all.map(({ name }) => [name, [] as number[]]));
for (let round = 0; round < rounds; round++)
  for (const { name, ports } of all) trips.get(name)?.push(...(await roundTrips(ports.echo, 2000)));
for (const [what, share] of [
  ["median", 0.5],
  ["p99", 0.99],
] as const) {
  const figures = new Map([...trips].map(([name, times]) => [name, [quantile(times, share) * 1000]]));
  tell(`ping-pong of 64 bytes, ${what}`, figures, "µs");
}

const rates = await measure(rounds, all, ({ ports }) => connectionRate(ports.echo, 2000));
tell("connections opened and closed", rates, "a second");
for (const { name } of [direct, ...others]) tellRatio("no fault", rates, "sinbin", name);

for (const connections of [1, 100, 1000]) {
  // Ten seconds of a thousand messages a second at most, however many connections share them. Those of the first two warm up what is new with them.
  const everyMs = Math.max(delayMs + 10, connections);
  const inMs = (milliseconds: number): number => Math.ceil(milliseconds / everyMs);
  const pace = { connections, everyMs, unmeasured: inMs(2000) };
  for (const [name, port, delay] of [
    ["sinbin", delayed.ports.echo, delayMs],
    ["sinbin without it", sinbin.ports.echo, 0],
    ["a timer of Node's", direct.late, delayMs],
    ...others.map(({ name, ports }) => [`${name}, which has none,`, ports.echo, 0] as const),
  ] as const) {
    const errors = (await roundTrips(port, inMs(10_000), pace)).map((time) => time - delay);
    const [middle, worst] = [0.5, 0.99].map((share) => quantile(errors, share).toFixed(2));
    say(
      `a delay of ${delayMs} ms on ${connections} connections: ${name} is off by ${middle} ms (median), ${worst} ms (p99)`,
    );
  }
}

for (const { name, ports, memory } of [sinbin, ...others]) {
  const before = await memory();
  using waiting = await idle(ports.echo, idleConnections);
  void waiting;
  const after = await memory();
  if (before === undefined || after === undefined) continue;
  say(`an idle connection of ${idleConnections}: ${name} ${((after - before) / idleConnections / 1000).toFixed(1)} kB`);
}
