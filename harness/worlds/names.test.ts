/** How services find names: what they are given, and in real worlds what their own resolvers make of it. */
import { describe, expect, test } from "vitest";
import type { Link, Service } from "../plan/schema.ts";
import { namingOf } from "./names.ts";
import { crowd, openTheatre } from "./stage.testing.ts";

const service: Service = { args: [], env: {}, files: {}, folder: ".", start_timeout: 10_000, stop_timeout: 2000 };
const link: Link = { from: "node", to: "plc", proto: "https", port: 443, name: "boot.plc.test" };
const dns: Link = { from: "node", to: "dns1", proto: "dns", port: 53 };

interface Given {
  readonly node?: Partial<Service>;
  readonly dns1?: Partial<Service>;
  readonly links: Readonly<Record<string, Link>>;
}

function given({ node, dns1 = { zones: ["plc.test"] }, links }: Given) {
  const doors = new Map([
    ["boot.plc.test", "198.18.0.3"],
    ["time.test", "198.18.0.4"],
    ["dns1", "198.18.0.5"],
    ["dns2.plc.test", "198.18.0.6"],
  ]);
  const services = new Map([
    ["node", { ...service, ...node }],
    ["dns1", { ...service, ...dns1 }],
    ["dns2", { ...service, zones: [] }],
  ]);
  const { hosts, resolvConf } = namingOf({ service: "node", services, links: new Map(Object.entries(links)), doors });
  return { hosts: [...hosts.keys()], resolvConf };
}

test("a service without name servers has all names in its hosts file", () => {
  expect(given({ links: { fetch: link } })).toEqual({
    hosts: ["boot.plc.test", "time.test", "dns1", "dns2.plc.test"],
    resolvConf: undefined,
  });
});

test("one with name servers has in it what these do not know, and the servers themselves", () => {
  const second: Link = { ...dns, to: "dns2", name: "dns2.plc.test" };
  expect(given({ links: { fetch: link, names: dns, more: second } })).toEqual({
    hosts: ["time.test", "dns1", "dns2.plc.test"],
    resolvConf: "nameserver 198.18.0.5\nnameserver 198.18.0.6\n",
  });
});

test("of a name server that is not ours nobody can tell what it knows: all names are asked for", () => {
  expect(given({ links: { fetch: link, names: dns }, dns1: { command: ["named"] } }).hosts).toEqual(["dns1"]);
});

test("a name server on another port is none that a resolv.conf could name", () => {
  expect(given({ links: { names: { ...dns, port: 5353 } } }).resolvConf).toBeUndefined();
});

test("what the plan says of the resolver is in the file", () => {
  const resolver = { timeout: 1000, attempts: 1, rotate: true, search: ["plc.test", "test"], ndots: 2 };
  expect(given({ links: { names: dns }, node: { resolver } }).resolvConf).toBe(
    "nameserver 198.18.0.5\nsearch plc.test test\noptions timeout:1 attempts:1 ndots:2 rotate\n",
  );
});

describe.each(crowd.filter(({ flavour }) => flavour !== "loopback"))(
  "in a real world, $flavour, as $user",
  (flavour) => {
    const { play } = openTheatre(flavour);

    test("a command finds a name through its name server, and does what somebody writes into its resolv.conf", async () => {
      const { lines, door, hits } = (await play("names of a command").result) as {
        readonly lines: readonly string[];
        readonly door: string;
        readonly hits: unknown;
      };
      expect(lines).toContain("options timeout:1 attempts:1");
      expect(lines).toContainEqual(expect.stringMatching(/^nameserver 198\.1[89]\.\d+\.4$/));
      expect(lines.filter((line) => line.includes("127.0.0.11") || line.includes("plc.test"))).toEqual([]);
      expect(door).toMatch(/^198\.1[89]\.\d+\.3$/);
      expect(hits).toEqual([1, 1, 1, 1]);
    });

    test("a program does so as well", async () => {
      const { door, address, hits } = (await play("names of a program").result) as Readonly<Record<string, unknown>>;
      expect(address).toBe(door);
      expect(hits).toEqual([{ from: expect.any(Number), to: 0 }]);
    });
  },
);
