/**
 * What the TCP proxy costs: `node bench/tcp.ts [rounds]`. Its peers stand beside it before the same servers, each measured in turn in every round: a
 * direct connection, HAProxy in TCP mode, and Toxiproxy, where they are installed. Ratios are of one round; what is printed is their median, and the
 * least and the most.
 */
import { measure, quantile, say, spread, table, tellRatio, type Figures } from "./figures.ts";
import { connectionRate, download, idle, roundTrips, upload } from "./tcp/measures.ts";
import { roundsOf } from "./rounds.ts";
import { stallsOrNone } from "./stalls.ts";
import { mostConnections, startHaproxy, startServers, startSinbin, startToxiproxy } from "./tcp/peers.ts";
import type { Peer } from "./tcp/peers.ts";

const rounds = roundsOf(process.argv[2]);
/** So many that a delay is no part of the time that counts. */
const bytes = 1024 * 1024 * 1024;
/** What has an echo that is late, or should not be. */
interface Late {
  readonly name: string;
  readonly port: number;
  /** Milliseconds. */
  readonly delay: number;
}
/** Of the proxy that is late. */
const delayMs = 50;
const idleConnections = Math.min(10_000, mostConnections);

await using stack = new AsyncDisposableStack();
const stalls = stack.use(await stallsOrNone());
const direct = stack.use(await startServers(bytes, delayMs));
const sinbin = stack.use(await startSinbin("sinbin", direct.ports));
const delayed = stack.use(await startSinbin("with 50 ms", direct.ports, [`tcp.latency: { delay: ${delayMs}ms }`]));
const wide = stack.use(await startSinbin("with 10 GB/s", direct.ports, ["tcp.bandwidth: { rate: 10GB/s }"]));
const others = [await startHaproxy(direct.ports), await startToxiproxy("Toxiproxy", direct.ports)].filter(
  (each) => each !== undefined,
);
const latency = { type: "latency", attributes: { latency: delayMs } };
const delayedOthers = [await startToxiproxy("Toxiproxy with 50 ms", direct.ports, [latency])].filter(
  (each) => each !== undefined,
);
for (const each of [...others, ...delayedOthers]) stack.use(each);
const all = [direct, sinbin, ...others];
/** What the table at the end shows, by what was measured. */
const columns = new Map<string, Figures>();
say(`${rounds} rounds; beside sinbin: ${["a direct connection", ...others.map(({ name }) => name)].join(", ")}`);

for (const [what, move] of [
  ["download", (peer: Peer) => download(peer.ports.source, bytes)],
  ["upload", (peer: Peer) => upload(peer.ports.sink, bytes)],
] as const) {
  const figures = await measure(rounds, [...all, delayed, wide, ...delayedOthers], move);
  columns.set(`${what} MB/s`, figures);
  say(what);
  for (const { name } of [direct, ...others]) tellRatio("no fault", figures, "sinbin", name);
  for (const { name } of [delayed, wide]) for (const other of all) tellRatio(name, figures, name, other.name);
  for (const { name } of delayedOthers) tellRatio(delayed.name, figures, delayed.name, name);
}

const trips = new Map(all.map(({ name }) => [name, [] as number[][]]));
for (let round = 0; round < rounds; round++)
  for (const { name, ports } of all)
    trips.get(name)?.push((await roundTrips(ports.echo, 2000)).map(({ from, to }) => to - from));
for (const [what, share] of [
  ["median", 0.5],
  ["p99", 0.99],
] as const) {
  const figures = new Map([...trips].map(([name, times]) => [name, times.map((each) => quantile(each, share) * 1000)]));
  columns.set(`ping-pong ${what} µs`, figures);
  say(`ping-pong of 64 bytes, ${what}`);
  for (const { name } of [direct, ...others]) tellRatio("no fault", figures, "sinbin", name);
}

const rates = await measure(rounds, all, ({ ports }) => connectionRate(ports.echo, 2000));
columns.set("connections a second", rates);
say("connections opened and closed");
for (const { name } of [direct, ...others]) tellRatio("no fault", rates, "sinbin", name);

const late: readonly Late[] = [
  { name: "sinbin", port: delayed.ports.echo, delay: delayMs },
  { name: "sinbin without it", port: sinbin.ports.echo, delay: 0 },
  { name: "a timer of Node's", port: direct.late, delay: delayMs },
  ...others.map(({ name, ports }) => ({ name: `${name}, which has none,`, port: ports.echo, delay: 0 })),
  ...delayedOthers.map(({ name, ports }) => ({ name, port: ports.echo, delay: delayMs })),
];
for (const connections of [1, 100, 1000]) {
  // Three seconds of a thousand messages a second at most, however many connections share them. What is new is warmed up: a connection in the second before,
  // a proxy in one round more.
  const everyMs = Math.max(delayMs + 10, connections);
  const inMs = (milliseconds: number): number => Math.ceil(milliseconds / everyMs);
  const pace = { connections, everyMs, unmeasured: inMs(1000) };
  let [setApart, of] = [0, 0];
  const errors = new Map(late.map(({ name }) => [name, { middle: [] as number[], worst: [] as number[] }]));
  for (let round = -1; round < rounds; round++)
    for (const { name, port, delay } of late) {
      const made = await roundTrips(port, inMs(3000), pace);
      const off = made
        .filter(({ from, to }) => stalls.between(from, to) === 0)
        .map(({ from, to }) => to - from - delay);
      if (round < 0) continue;
      setApart += made.length - off.length;
      of += made.length;
      errors.get(name)?.middle.push(quantile(off, 0.5));
      errors.get(name)?.worst.push(quantile(off, 0.99));
    }
  say(
    `a delay of ${delayMs} ms on ${connections} connections (without ${((setApart / of) * 100).toFixed(1)} % of the messages, during which the machine stood still)`,
  );
  for (const [name, { middle, worst }] of errors)
    say(`  ${name} is off by ${spread(middle, 2, " ms")}, p99 ${spread(worst, 2, " ms")}`);
}

const kilobytes = new Map(all.map(({ name }) => [name, [] as number[]]));
for (const { name, ports, memory } of [sinbin, ...others]) {
  const before = await memory();
  using waiting = await idle(ports.echo, idleConnections);
  void waiting;
  const after = await memory();
  if (before === undefined || after === undefined) continue;
  kilobytes.get(name)?.push((after - before) / idleConnections / 1000);
}
columns.set("kB an idle connection", kilobytes);
say(`memory for each of ${idleConnections} idle connections`);
for (const { name } of others) tellRatio("no fault", kilobytes, "sinbin", name);
say(`\n${table(columns)}`);
