/** Which subnets a run takes, at a real engine. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Link, Service } from "../../plan/schema.ts";
import { removeRun } from "./cleanup.ts";
import { hasEngine } from "./engine.testing.ts";
import { connectEngine } from "./engine.ts";
import { labelsOf } from "./labels.ts";
import { createNetworks } from "./networks.ts";

const service: Service = { args: [], env: {}, files: {}, folder: ".", start_timeout: 1, stop_timeout: 1 };

const link = (from: string, to: string): Link => ({ from, to, proto: "tcp", port: 80 });

describe.runIf(hasEngine)("the networks of a run", () => {
  test("a subnet that somebody has is left to him, and services share one only if they are the same", async () => {
    using engine = await connectEngine();
    await using made = new AsyncDisposableStack();
    // Where a run begins to look depends on its name: with the same one, the second finds what the first has taken.
    const name = randomUUID();
    const runs = [`${name}-1`, `${name}-2`];
    const prefixes: string[] = [];
    for (const run of runs) {
      made.defer(async () => void (await removeRun(engine, run)));
      const making = createNetworks({
        engine,
        run: name,
        labels: { ...labelsOf(run) },
        services: new Map(["a", "b", "c"].map((each) => [each, { ...service, args: [each] }])),
        links: new Map(),
      });
      const networks = await Promise.all(making.values());
      prefixes.push(...networks.map(({ prefix }) => prefix));
    }
    expect(new Set(prefixes).size).toBe(6);
    expect(prefixes.every((prefix) => /^198\.1[89]\.\d+$/.test(prefix))).toBe(true);
  });

  test("copies of a service share one, with addresses of their own, unless one is a server of another", async () => {
    using engine = await connectEngine();
    await using made = new AsyncDisposableStack();
    const copies = ["a", "b", "c"].map((name) => [name, service] as const);
    const server: Service = { ...service, args: ["--serve"] };
    const create = async (...links: readonly Link[]) => {
      const run = randomUUID();
      made.defer(async () => void (await removeRun(engine, run)));
      const making = createNetworks({
        engine,
        run,
        labels: { ...labelsOf(run) },
        services: new Map([...copies, ["server", server]]),
        links: new Map(links.map((each, index) => [`link${index}`, each])),
      });
      return Promise.all(making.values());
    };

    const shared = await create(...copies.map(([name]) => link(name, "server")));
    expect(new Set(shared.map(({ id }) => id)).size).toBe(2);
    const [first, ...others] = shared.map(({ service: own, names }) =>
      [own, ...names.values()].map((each) => each.split(".")[3]),
    );
    expect([first, ...others]).toEqual([["2", "3"], ["4", "5"], ["6", "7"], ["2"]]);

    const apart = await create(link("a", "b"));
    expect(new Set(apart.map(({ id }) => id)).size).toBe(4);
  });
});
