/** Which subnets a run takes, at a real engine. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Service } from "../../plan/schema.ts";
import { removeRun } from "./cleanup.ts";
import { hasEngine } from "./engine.testing.ts";
import { connectEngine } from "./engine.ts";
import { labelsOf } from "./labels.ts";
import { createNetworks } from "./networks.ts";

const service: Service = { args: [], env: {}, files: {}, folder: ".", start_timeout: 1, stop_timeout: 1 };

describe.runIf(hasEngine)("the networks of a run", () => {
  test("a subnet that somebody has is left to him, and no two services share one", async () => {
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
        services: new Map(["a", "b", "c"].map((each) => [each, service])),
        links: new Map(),
      });
      const networks = await Promise.all(making.values());
      prefixes.push(...networks.map(({ prefix }) => prefix));
    }
    expect(new Set(prefixes).size).toBe(6);
    expect(prefixes.every((prefix) => /^198\.1[89]\.\d+$/.test(prefix))).toBe(true);
  });
});
