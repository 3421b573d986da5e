/** Every fault of the plane against a CPU that writes down what is done to it. */
import { describe, expect, test } from "vitest";
import { createScene } from "../service.testing.ts";
import type { Scene } from "../service.testing.ts";
import type { CpuTarget } from "./contract.ts";
import { freeze } from "./freeze.ts";
import { hog } from "./hog.ts";
import { throttle } from "./throttle.ts";

/** `alive`: whether anything runs, asked each time. `thaws`: how many thaws succeed. */
function scene({
  sleeps = Infinity,
  alive = () => true,
  thaws = Infinity,
}: { readonly sleeps?: number; readonly alive?: () => boolean; readonly thaws?: number } = {}): Scene<
  "cpu",
  CpuTarget
> {
  let thawed = 0;
  return createScene({
    sleeps,
    target: (note): CpuTarget => ({
      async freeze() {
        note("freeze");
        if (!alive()) return undefined;
        return {
          async [Symbol.asyncDispose]() {
            note("thaw");
            thawed += 1;
            if (thawed > thaws) throw new Error("it can't be thawed");
          },
        };
      },
      async load(processes) {
        note(`load of ${processes}`);
        if (!alive()) return undefined;
        return { [Symbol.asyncDispose]: async () => note("end of the load") };
      },
    }),
  });
}

describe("freeze", () => {
  test("lasts until it is lifted", async () => {
    const { inject, log } = scene();
    const lift = await inject(freeze);
    expect(log).toEqual(["freeze", "hit {}"]);
    await lift?.[Symbol.asyncDispose]();
    expect(log.at(-1)).toBe("thaw");
  });

  test("is no hit where nothing runs", async () => {
    const { inject, log } = scene({ alive: () => false });
    expect(await inject(freeze)).toBeUndefined();
    expect(log).toEqual(["freeze"]);
  });
});

describe("throttle", () => {
  test("runs for its share of each period, until the occurrence ends; it hits once", async () => {
    const { inject, log } = scene({ sleeps: 4 });
    const lift = await inject(throttle, { share: "10%", period: "200ms" });
    await lift?.[Symbol.asyncDispose]();
    expect(log.filter((line) => line.startsWith("hit"))).toEqual(["hit {}"]);
    const stops = ["freeze", "sleep 180", "thaw"];
    // How many of them it has come to is the scheduler's business; what follows what is not.
    const cycles = log.filter((line) => !line.startsWith("hit"));
    expect([...stops, "sleep 20", ...stops, "sleep 20", ...stops].slice(0, cycles.length)).toEqual(cycles);
    expect(cycles.at(-1)).toBe("thaw");
  });

  test("lifting it thaws, whatever time it is", async () => {
    const { inject, log } = scene();
    const lift = await inject(throttle, { share: "50%" });
    await lift?.[Symbol.asyncDispose]();
    expect(log.filter((line) => line === "thaw")).toHaveLength(log.filter((line) => line === "freeze").length);
    const count = log.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toHaveLength(count);
  });

  test("waits for a service that comes back, which is then its hit", async () => {
    const lives = [false, false];
    const { inject, log } = scene({ sleeps: 6, alive: () => lives.shift() ?? true });
    const lift = await inject(throttle, { share: "50%" });
    while (!log.includes("hit {}")) await new Promise((resolve) => setImmediate(resolve));
    await lift?.[Symbol.asyncDispose]();
    expect(log.filter((line) => line === "freeze").length).toBeGreaterThanOrEqual(3);
  });

  test("all of the CPU is no throttle", async () => {
    const { inject, log } = scene();
    expect(await inject(throttle, { share: "100%" })).toBeUndefined();
    expect(log).toEqual([]);
  });

  test("where the kernel has quotas it is one, unless no quota can be so small or last so long", async () => {
    for (const [parameters, expected] of [
      [{ share: "10%", period: "50ms" }, ["share 0.1 of 50", "hit {}", "end"]],
      [{ share: "1%", period: "50ms" }, ["freeze"]],
      [{ share: "50%", period: "2s" }, ["freeze"]],
    ] as const) {
      const { inject, log } = createScene<"cpu", CpuTarget>({
        target: (note) => ({
          async share(share, period, onRunning) {
            note(`share ${share} of ${period}`);
            onRunning();
            return { [Symbol.asyncDispose]: async () => note("end") };
          },
          async freeze() {
            note("freeze");
            return undefined;
          },
          load: async () => undefined,
        }),
      });
      const lift = await inject(throttle, parameters);
      await lift?.[Symbol.asyncDispose]();
      expect(log.slice(0, expected.length)).toEqual(expected);
    }
  });

  test("what goes wrong meanwhile is told when it is lifted", async () => {
    const { inject } = scene({ thaws: 0 });
    const lift = await inject(throttle, { share: "50%" });
    await expect(lift?.[Symbol.asyncDispose]()).rejects.toThrow("it can't be thawed");
  });
});

describe("hog", () => {
  test("loads the CPU until it is lifted", async () => {
    const { inject, log } = scene();
    const lift = await inject(hog, { processes: 2 });
    await lift?.[Symbol.asyncDispose]();
    expect(log).toEqual(["load of 2", 'hit {"processes":2}', "end of the load"]);
  });

  test("is no hit where nothing could be started", async () => {
    const { inject, log } = scene({ alive: () => false });
    expect(await inject(hog)).toBeUndefined();
    expect(log).toEqual(["load of 4"]);
  });
});
