/** Every fault of the plane against a target that writes down what is done to it. */
import { describe, expect, test } from "vitest";
import { createScene } from "../service.testing.ts";
import type { Scene } from "../service.testing.ts";
import type { ProcessTarget } from "./contract.ts";
import { kill } from "./kill.ts";
import { pause } from "./pause.ts";
import { restart } from "./restart.ts";
import { signal } from "./signal.ts";

/** `sleeps`: how many sleeps come to their end before the occurrence does. `alive`: whether somebody is there to be signalled. */
function scene({ sleeps = Infinity, alive = true }: { readonly sleeps?: number; readonly alive?: boolean } = {}): Scene<
  "process",
  ProcessTarget
> {
  return createScene({
    sleeps,
    target: (note): ProcessTarget => ({
      name: "node",
      async signal(name, to) {
        note(`${name} to ${to}`);
        return alive;
      },
      async pause(to) {
        note(`pause ${to}`);
        if (!alive) return undefined;
        return { [Symbol.asyncDispose]: async () => note(`end of the pause of ${to}`) };
      },
      async stop() {
        note("stop");
        return alive;
      },
      async start() {
        note("start");
      },
    }),
  });
}

describe("signal", () => {
  test("sends one to the main process unless told otherwise", async () => {
    const { inject, log } = scene();
    await inject(signal, { signal: "HUP" });
    expect(log).toEqual(["HUP to main", 'hit {"signal":"HUP","n":1}']);
  });

  test("a storm pauses between two signals, and every one that arrives is a hit", async () => {
    const { inject, log } = scene();
    await inject(signal, { signal: "USR1", count: 3, gap: "2ms", to: "group" });
    expect(log.filter((line) => !line.startsWith("hit"))).toEqual([
      "USR1 to group",
      "sleep 2",
      "USR1 to group",
      "sleep 2",
      "USR1 to group",
    ]);
    expect(log.filter((line) => line.startsWith("hit"))).toHaveLength(3);
  });

  test("a storm ends with its occurrence, and that is no error", async () => {
    const { inject, log } = scene({ sleeps: 1 });
    await inject(signal, { signal: "HUP", count: 200, gap: "2ms" });
    expect(log.filter((line) => line === "HUP to main")).toHaveLength(2);
  });

  test("nobody there is no hit", async () => {
    const { inject, log } = scene({ alive: false });
    await inject(signal, { signal: "HUP", count: 2 });
    expect(log).toEqual(["HUP to main", "HUP to main"]);
  });
});

describe("kill", () => {
  test("sends KILL, once", async () => {
    const { inject, log } = scene();
    await inject(kill);
    expect(log).toEqual(["KILL to main", 'hit {"signal":"KILL"}']);
  });
});

describe("pause", () => {
  test("stops the group, and lets it go on when it is lifted", async () => {
    const { inject, log } = scene();
    const lift = await inject(pause);
    expect(log).toEqual(["pause group", 'hit {"signal":"STOP"}']);
    await lift?.[Symbol.asyncDispose]();
    expect(log.at(-1)).toBe("end of the pause of group");
  });

  test("there is nothing to lift if nobody was there", async () => {
    const { inject, log } = scene({ alive: false });
    expect(await inject(pause)).toBeUndefined();
    expect(log).toEqual(["pause group"]);
  });
});

describe("restart", () => {
  test("stops, stays down, and starts", async () => {
    const { inject, log } = scene();
    await inject(restart, { down: "5s" });
    expect(log).toEqual(["stop", 'hit {"down":5000}', "sleep 5000", "start"]);
  });

  test("leaves a service alone that does not run, and that is no hit", async () => {
    const { inject, log } = scene({ alive: false });
    await inject(restart, { down: "5s" });
    expect(log).toEqual(["stop"]);
  });

  test("starts the service even if the occurrence ends while it is down", async () => {
    const { inject, log } = scene({ sleeps: 0 });
    await inject(restart, { down: "5s" });
    expect(log.at(-1)).toBe("start");
  });
});
