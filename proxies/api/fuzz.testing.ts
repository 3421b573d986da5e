/** Calls and traffic for the fuzz test: what they are follows from a seed; how they meet does not. */
import { z } from "zod";
import { faultKey } from "../../faults/key.ts";
import { uniform } from "../../faults/random.ts";
import { actsOn, faults, isFaultOfLink } from "../../faults/registry.ts";
import { unitOf } from "../../faults/units.ts";
import { protos } from "./running.ts";
import { toxicTypes } from "./toxics.ts";

/** Draws one decision after the other. */
export interface Dice {
  below(n: number): number;
  pick<Of>(list: readonly Of[]): Of;
  chance(share: number): boolean;
}

export function createDice(seed: number, step: number): Dice {
  let n = 0;
  const number = (): number => uniform(seed, ["fuzz", step, (n += 1)]);
  const below = (limit: number): number => Math.floor(number() * limit);
  return {
    below,
    pick<Of>(list: readonly Of[]): Of {
      const picked = list[below(list.length)];
      if (picked === undefined) throw new RangeError("an empty list");
      return picked;
    },
    chance: (share) => number() < share,
  };
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** Where proxies can lead and listen, good or bad. */
export interface Places {
  readonly upstreams: readonly string[];
  readonly listens: readonly string[];
}

const names = ["a", "b", "c", "d/e", "f g"];
const faultNames = ["one", "two", "three", "four", "five", "six"];
const integers = ["0", "1", "-1", "5", "100", "65536", "9223372036854775807", "-9223372036854775808", "null"];
const quantities: Readonly<Record<string, readonly unknown[]>> = {
  duration: ["0ms", "1us", "3ms", "20ms", "1h", "36500d"],
  size: ["0B", "1B", "100B", "64KiB", "9007199254740991B"],
  rate: ["0.001B/s", "1B/s", "1MiB/s", "1000Gbit/s"],
  share: ["0%", "1%", "50%", "100%"],
  count: [0, 1, 2, 7, 1_000_000_000],
};
/** What one or another takes that asks for a text. */
const texts = ["/a", "etag", "a.test", "10.0.0.1", "text/plain"];
/** What hardly any place takes. */
const nonsense = ["5", -3, 1.5, true, null, {}, [], { uniform: ["0ms", "9ms"] }, "101%", "1.5B"];

export function randomCall(dice: Dice, places: Places): Call {
  const call = dice.pick(calls)(dice, places);
  return dice.chance(0.1) ? spoilt(call, dice) : call;
}

const proxyPath = (dice: Dice): string => `/proxies/${encodeURIComponent(dice.pick(names))}`;
const toxicPath = (dice: Dice): string => `${proxyPath(dice)}/toxics/${dice.pick([...toxicTypes.keys()])}_downstream`;

type Maker = (dice: Dice, places: Places) => Call;

/** Those that destroy are rarer than those that make. */
const weighted: readonly (readonly [number, Maker])[] = [
  [1, () => ({ method: "GET", path: "/proxies", body: "" })],
  [2, () => ({ method: "GET", path: "/sinbin", body: "" })],
  [1, () => ({ method: "GET", path: "/metrics", body: "" })],
  [1, () => ({ method: "GET", path: "/sinbin/authority.pem", body: "" })],
  [1, () => ({ method: "POST", path: "/reset", body: "" })],
  [4, (dice, places) => ({ method: "POST", path: "/proxies", body: JSON.stringify(proxy(dice, places)) })],
  [
    1,
    (dice, places) => ({
      method: "POST",
      path: "/populate",
      body: JSON.stringify(some(dice, 4, () => proxy(dice, places))),
    }),
  ],
  [2, (dice, places) => ({ method: "PATCH", path: proxyPath(dice), body: JSON.stringify(proxy(dice, places)) })],
  [1, (dice) => ({ method: "DELETE", path: proxyPath(dice), body: "" })],
  [6, (dice) => ({ method: "POST", path: `${proxyPath(dice)}/toxics`, body: toxic(dice) })],
  [3, (dice) => ({ method: "PATCH", path: toxicPath(dice), body: toxic(dice) })],
  [3, (dice) => ({ method: "DELETE", path: toxicPath(dice), body: "" })],
  [6, (dice) => ({ method: "POST", path: "/sinbin/faults", body: JSON.stringify(fault(dice)) })],
  [2, (dice) => ({ method: "DELETE", path: `/sinbin/faults/${dice.pick(faultNames)}`, body: "" })],
  [3, putOurs],
  [4, meant],
  [
    4,
    (dice, places) => ({
      method: "POST",
      path: "/sinbin/changes",
      body: JSON.stringify(some(dice, 5, () => change(dice, places))),
    }),
  ],
];
const calls = weighted.flatMap(([weight, maker]) => Array.from({ length: weight }, () => maker));

function putOurs(dice: Dice, places: Places): Call {
  const { name, ...rest } = ours(dice, places);
  return { method: "PUT", path: `/sinbin/proxies/${encodeURIComponent(name)}`, body: JSON.stringify(rest) };
}

/** A proxy and a fault that fits it, all at once: mostly right. */
function meant(dice: Dice, places: Places): Call {
  const [upstream] = places.upstreams;
  const proxy = { name: dice.pick(names), upstream, proto: dice.pick(protos) };
  const fitting = planes.filter(([fault]) => fault !== undefined && actsOn(fault.plane, proxy.proto));
  const changes = [{ proxy }, { fault: { ...fault(dice, dice.pick(fitting)), where: proxy.name } }];
  return { method: "POST", path: "/sinbin/changes", body: JSON.stringify(changes) };
}

function some<Of>(dice: Dice, limit: number, make: () => Of): readonly Of[] {
  return Array.from({ length: dice.below(limit) }, make);
}

function proxy(dice: Dice, { upstreams, listens }: Places): object {
  return {
    name: dice.pick(names),
    upstream: dice.pick(upstreams),
    listen: dice.pick(listens),
    enabled: dice.pick([true, true, true, false, null]),
    ...(dice.chance(0.2) && { toxics: [JSON.parse(toxic(dice)) as unknown] }),
  };
}

function ours(dice: Dice, { upstreams, listens }: Places) {
  return {
    name: dice.pick(names),
    upstream: dice.pick(upstreams),
    listen: dice.pick(listens),
    ...(dice.chance(0.5) && { proto: dice.pick([...protos, "nope"]) }),
    ...(dice.chance(0.2) && { names: dice.pick<unknown>([["x.test"], ["f g", "\u00e9"], [], "x"]) }),
    enabled: dice.chance(0.9),
  };
}

function toxic(dice: Dice): string {
  const type = dice.pick([...toxicTypes.keys(), "nope"]);
  const attributes = Object.keys(toxicTypes.get(type)?.attributes ?? {}).map(
    (name) => `"${name}":${dice.chance(0.05) ? JSON.stringify(dice.pick(nonsense)) : dice.pick(integers)}`,
  );
  const stream = dice.chance(0.05) ? "sideways" : dice.pick(["upstream", "downstream", "DOWNSTREAM"]);
  return `{"type":"${type}","stream":"${stream}","toxicity":${dice.pick(["1", "1", "0.5", "0", "-3"])},"attributes":{${attributes.join(",")}}}`;
}

const matches = [
  { client: "127.0.0.1" },
  { client: "::/0" },
  { client: "10.0.0.0/8" },
  { path: "/*" },
  { servername: "*.test" },
  { servername: "", client: "x" },
];
/** A plane has its chance however many faults it has. */
const planes = [...Map.groupBy([...faults.values()].filter(isFaultOfLink), ({ plane }) => plane).values()];

function fault(dice: Dice, among = dice.pick(planes)): object {
  const { kind, plane, parameters } = dice.pick(among);
  const { properties = {}, required = [] } = z.toJSONSchema(parameters, { io: "input" });
  const written = Object.entries(parameters.shape).flatMap(([name, schema]) => {
    if (!required.includes(name) && dice.chance(0.5)) return [];
    const property = properties[name];
    const words = typeof property === "object" ? property.enum : undefined;
    const fitting = quantities[unitOf(schema)?.name ?? ""] ?? words ?? texts;
    return [[name, dice.pick<unknown>(dice.chance(0.03) ? nonsense : fitting)] as const];
  });
  return {
    [faultKey(kind)]: Object.fromEntries(written),
    name: dice.pick(faultNames),
    where: dice.pick<unknown>([dice.pick(names), "all", "all", [dice.pick(names), dice.pick(names)]]),
    ...(dice.chance(plane === "tcp" ? 0.3 : 0.02) && { leg: dice.pick(["client", "upstream"]) }),
    ...(dice.chance(plane === "tcp" || plane === "udp" ? 0.3 : 0.02) && {
      direction: dice.pick(["upstream", "downstream", "both"]),
    }),
    ...(dice.chance(0.2) && { match: dice.pick(matches) }),
    ...(dice.chance(0.2) && { probability: "50%" }),
    ...(dice.chance(0.2) && { first: 2 }),
    ...(dice.chance(0.2) && { scope: "new" }),
    ...(dice.chance(0.5) && { for: dice.pick(["1ms", "30ms", "1h", "1h"]) }),
  };
}

function change(dice: Dice, places: Places): object {
  const one = dice.below(8);
  if (one < 3) return { proxy: ours(dice, places) };
  if (one < 6) return { fault: fault(dice) };
  return one === 6 ? { lift: dice.pick(faultNames) } : { remove: dice.pick(names) };
}

function spoilt(call: Call, dice: Dice): Call {
  const { method, path, body } = call;
  const at = dice.below(body.length + 1);
  const ways: readonly Call[] = [
    { ...call, body: body.slice(0, at) },
    { ...call, body: body.slice(0, at) + dice.pick(["\0", "}", "[", "\\u", "é", "1e999"]) + body.slice(at) },
    { ...call, body: "[".repeat(50_000) },
    { ...call, body: `{"name":"${"x".repeat(100_000)}","upstream":"a:1"}` },
    { ...call, body: " ".repeat(1_100_000) },
    { ...call, method: dice.pick(["PUT", "HEAD", "OPTIONS", "TRACE"]) },
    { method, path: path + dice.pick(["/", "/..", "/%zz", "?a=b", "/%00"]), body },
  ];
  return dice.pick(ways);
}
