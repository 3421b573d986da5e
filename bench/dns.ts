/**
 * What the DNS proxy costs: `node bench/dns.ts [rounds]`. `dnsperf` asks it, and what stands beside it before the same name server: no proxy at all, and
 * `dnsmasq` as a forwarder. All are measured in turn in every round. Ratios are of one round; what is printed are medians.
 */
import { cpuSeconds, isThere } from "./children.ts";
import { dnsperf } from "./dns/dnsperf.ts";
import { startForwarder, startNameServer } from "./dns/servers.ts";
import { quantile, ratioOf, say, table } from "./figures.ts";
import { startSinbin } from "./peers.ts";
import { roundsOf } from "./rounds.ts";
import { nowMs, stallsOrNone } from "./stalls.ts";

const rounds = roundsOf(process.argv[2]);
const seconds = 3;
/** Of a second: half of the hundredth that a p99 is about. */
const mostStalledMs = 5;

for (const command of ["dnsperf", "dnsmasq"])
  if (!isThere(command)) throw new Error(`${command} is not installed: apt-get install dnsperf dnsmasq-base`);

/** `least`: of dnsmasq's queries a second. */
const proxies = [
  { name: "sinbin", least: 1, faults: [] },
  {
    name: "sinbin, a fault of another name",
    least: 1,
    faults: [{ "dns.rcode": { code: "servfail" }, where: "link", match: { qname: "other.test" } }],
  },
  {
    name: "sinbin, a CNAME flap of all names",
    least: 0.7,
    faults: [{ "dns.cname_flap": { to: "a.test", or: "b.test" }, where: "link" }],
  },
];

await using stack = new AsyncDisposableStack();
const stalls = stack.use(await stallsOrNone());
const server = stack.use(await startNameServer());
const forwarder = stack.use(await startForwarder(server));
const peers = [server, forwarder];
for (const { name, faults } of proxies)
  peers.push(stack.use(await startSinbin(name, server, { proto: "dns", faults })));

const columns = ["queries/s", "CPU µs/query", "median ms", "p99 ms", "p99 ms at half load"] as const;
const figures = new Map(columns.map((column) => [column, new Map(peers.map(({ name }) => [name, [] as number[]]))]));

// Code that is new is slow: what changes every answer takes ten seconds until it is as quick as it gets.
for (const { port } of peers) await dnsperf({ port, seconds: 4 * seconds });

/** Seconds at half load, and those of them during which the machine stood still. */
let [measured, setApart] = [0, 0];
for (let round = 0; round < rounds; round++)
  for (const { name, port, pid } of peers) {
    const put = (column: (typeof columns)[number], value: number): unknown =>
      figures.get(column)?.get(name)?.push(value);
    const before = cpuSeconds(pid);
    const { answers, answersPerSecond } = await dnsperf({ port, seconds });
    put("queries/s", answersPerSecond);
    put("CPU µs/query", ((cpuSeconds(pid) - before) / answers) * 1e6);
    // It is slower while it tells of each.
    const { latencies } = await dnsperf({ port, seconds, tells: true });
    put("median ms", quantile(latencies, 0.5));
    put("p99 ms", quantile(latencies, 0.99));
    const half: number[] = [];
    for (let second = 0; second < seconds; second++) {
      const from = nowMs();
      const { latencies: some } = await dnsperf({ port, seconds: 1, tells: true, rate: answersPerSecond / 2 });
      measured += 1;
      if (stalls.between(from, nowMs()) > mostStalledMs) setApart += 1;
      else half.push(...some);
    }
    if (half.length > 0) put("p99 ms at half load", quantile(half, 0.99));
  }

say(`${rounds} rounds\n\n${table(figures)}\n`);
for (const { name, least } of proxies)
  say(`${name}: ${ratioOf(figures.get("queries/s") ?? new Map(), name, forwarder.name, 2)}; target: at least ${least}`);
say(
  `target of each: a p99 below 2 ms at half load (without ${setApart} seconds of ${measured}, during which the machine stood still for more than ${mostStalledMs} ms)`,
);
