/** A client of each policy on a simulated machine, for hours, with servers that lie. */
import { describe, expect, test } from "vitest";
import { stream } from "../../faults/random.ts";
import { faults } from "../../faults/registry.ts";
import type { NtpFault } from "../../faults/ntp/contract.ts";
import { clientAddress, createTestWorld } from "../../host/sim/pair.testing.ts";
import { startNtpProxy, type NtpProxy } from "../../proxies/ntp/proxy.ts";
import { main as ntpServer } from "../../servers/ntp/main.ts";
import type { PolicyName } from "./policy.ts";
import { keepTime, type TimekeeperEvent } from "./timekeeper.ts";

const minute = 60_000;
const hour = 60 * minute;

interface Scene {
  readonly proxies: readonly NtpProxy[];
  readonly inject: (server: number, kind: string, parameters?: object) => Promise<AsyncDisposable>;
  /** How far the client's clock is off. */
  readonly offset: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly events: readonly TimekeeperEvent[];
  readonly said: (what: TimekeeperEvent["what"]) => number;
  /** False for as long as it is starved. */
  may: boolean;
  readonly clock: ReturnType<typeof createTestWorld>["client"]["clock"];
  readonly ended: () => boolean;
}

interface Setting {
  readonly policy: PolicyName;
  readonly servers?: number;
  /** How far off the clock is at first. */
  readonly wrongBy?: number;
  readonly pollMs?: number;
  readonly stepoutMs?: number | undefined;
  readonly driftFile?: boolean;
  /** How fast its clock is by itself. */
  readonly rate?: number;
}

async function withClient(
  { policy, servers = 1, wrongBy = 0, pollMs = 64_000, stepoutMs, driftFile, rate = 1 }: Setting,
  play: (scene: Scene) => Promise<void>,
) {
  const world = createTestWorld();
  const gate = world.open(world.machine("gate", "198.18.0.100"));
  const events: TimekeeperEvent[] = [];
  world.client.clock.step(wrongBy);
  world.client.clock.setRate(rate);
  await world.time.pass(async () => {
    await using proxies = new AsyncDisposableStack();
    const all: NtpProxy[] = [];
    const addresses = new Map<string, { host: string; port: number }>();
    for (let n = 0; n < servers; n += 1) {
      const address = `198.18.0.${10 + n}`;
      world.start(world.machine(`ntp${n}`, address), (host) => ntpServer(host, ["--stratum", "2"]));
      const proxy = proxies.use(
        await startNtpProxy({
          host: gate,
          listen: { port: 1000 + n },
          server: async () => ({ host: address, port: 123 }),
          onEvent: () => {},
        }),
      );
      all.push(proxy);
      addresses.set(`ntp${n}`, { host: "198.18.0.100", port: 1000 + n });
    }
    let ended = false;
    const stop = new AbortController();
    const client = world.start(world.client, async (host) => {
      await keepTime(
        {
          host,
          clock: world.client.clock,
          policy,
          servers: addresses,
          addresses: [clientAddress],
          pollMs,
          ...(stepoutMs !== undefined && { stepoutMs }),
          ...(driftFile !== undefined && { driftFile }),
          mayAsk: () => scene.may,
          onEvent: (event) => void events.push(event),
        },
        stop.signal,
      ).catch((error: unknown) => {
        if (error !== stop.signal.reason) throw error;
      });
      ended = true;
      return 0;
    });
    const scene: Scene = {
      proxies: all,
      async inject(server, kind, parameters = {}) {
        const fault = faults.get(kind) as NtpFault;
        const proxy = all[server];
        if (proxy === undefined) throw new Error(`there is no server ${server}`);
        return proxy.inject({
          fault,
          parameters: fault.parameters.parse(parameters),
          draw: stream(1, [kind]),
          onHit: () => {},
        });
      },
      offset: () => world.client.clock.wall() - gate.clock.wall(),
      sleep: (milliseconds) => gate.clock.sleep(milliseconds),
      events,
      said: (what) => events.filter((event) => event.what === what).length,
      may: true,
      clock: world.client.clock,
      ended: () => ended,
    };
    await play(scene);
    stop.abort();
    await client.exited;
  });
}

describe("ntpd", () => {
  test("steps once at the beginning, however far that is, and slews what is small", async () => {
    await withClient({ policy: "ntpd", wrongBy: 5 * hour }, async (scene) => {
      await scene.sleep(5 * minute);
      expect(Math.abs(scene.offset())).toBeLessThan(2);
      expect(scene.said("step")).toBe(1);
      await scene.inject(0, "ntp.step", { by: "100ms" });
      await scene.sleep(20 * minute);
      expect(scene.offset()).toBeGreaterThan(20);
      expect(scene.offset()).toBeLessThan(90);
      await scene.sleep(4 * hour);
      expect(Math.abs(scene.offset() - 100)).toBeLessThan(5);
      expect(scene.said("step")).toBe(1);
    });
  });

  test("steps by 40 s when its filter has forgotten what was before, and takes the first that is left for a spike", async () => {
    await withClient({ policy: "ntpd" }, async (scene) => {
      await scene.sleep(hour);
      await scene.inject(0, "ntp.step", { by: "40s" });
      await scene.sleep(7 * minute);
      expect(Math.abs(scene.offset())).toBeLessThan(10);
      await scene.sleep(8 * minute);
      expect(Math.abs(scene.offset() - 40_000)).toBeLessThan(10);
      expect(scene.said("spike")).toBe(1);
      expect(scene.said("step")).toBe(1);
    });
  });

  test("takes 400 ms for a spike, however often they come for less than 300 s", async () => {
    await withClient({ policy: "ntpd" }, async (scene) => {
      await scene.sleep(hour);
      for (let n = 1; n <= 5; n += 1) {
        const lie = await scene.inject(0, "ntp.offset", { by: "400ms" });
        await scene.sleep(3 * minute);
        await lie[Symbol.asyncDispose]();
        await scene.sleep(3 * minute);
        expect(Math.abs(scene.offset())).toBeLessThan(10);
        expect(scene.said("spike")).toBe(n);
      }
      expect(scene.said("wait")).toBeGreaterThan(5);
      expect(scene.said("step")).toBe(0);
    });
  });

  test.each([
    [undefined, 300, 364],
    [900_000, 900, 964],
  ])("with a stepout of %s, 400 ms that last are stepped within %i to %i s", async (stepoutMs, soonest, latest) => {
    await withClient({ policy: "ntpd", stepoutMs }, async (scene) => {
      await scene.sleep(hour);
      await scene.inject(0, "ntp.offset", { by: "400ms" });
      await scene.sleep((soonest - 65) * 1000);
      expect(Math.abs(scene.offset())).toBeLessThan(10);
      await scene.sleep((latest - soonest + 66) * 1000);
      expect(Math.abs(scene.offset() - 400)).toBeLessThan(10);
      expect(scene.said("spike")).toBe(1);
      expect(scene.said("step")).toBe(1);
    });
  });

  test("without a drift file finds out in its first 300 s how fast its clock is, and lets all else be", async () => {
    await withClient({ policy: "ntpd", driftFile: false, rate: 1 - 1e-4 }, async (scene) => {
      await scene.sleep(4 * minute);
      expect(scene.offset()).toBeLessThan(-15);
      expect(scene.said("wait")).toBeGreaterThan(2);
      await scene.sleep(2 * hour);
      expect(Math.abs(scene.offset())).toBeLessThan(10);
    });
  });

  test("ends when the time jumps by more than 1000 s", async () => {
    await withClient({ policy: "ntpd" }, async (scene) => {
      await scene.sleep(hour);
      await scene.inject(0, "ntp.step", { by: "20m" });
      await scene.sleep(hour);
      expect(scene.ended()).toBe(true);
      expect(scene.said("panic")).toBe(1);
      expect(Math.abs(scene.offset())).toBeLessThan(10);
    });
  });

  test("votes down a minority, follows a majority, and follows nobody where there is none", async () => {
    await withClient({ policy: "ntpd", servers: 3 }, async (scene) => {
      await scene.sleep(hour);
      const first = await scene.inject(0, "ntp.offset", { by: "30s" });
      await scene.sleep(hour);
      expect(Math.abs(scene.offset())).toBeLessThan(10);
      expect(scene.events.at(-1)).toMatchObject({ falsetickers: ["ntp0"] });
      await scene.inject(1, "ntp.offset", { by: "30s" });
      await scene.sleep(hour);
      expect(Math.abs(scene.offset() - 30_000)).toBeLessThan(20);
      await first[Symbol.asyncDispose]();
      await scene.inject(0, "ntp.offset", { by: "-30s" });
      await scene.sleep(hour);
      expect(scene.events.at(-1)).toMatchObject({ what: "no-majority" });
      expect(Math.abs(scene.offset() - 30_000)).toBeLessThan(100);
    });
  });

  test.each([
    ["ntp.kiss-of-death", { code: "RATE" }, "kiss"],
    ["ntp.unsynchronised", {}, "rejected"],
    ["ntp.zero-timestamp", {}, "rejected"],
    ["ntp.origin", {}, "rejected"],
    ["ntp.wrong-source", {}, "rejected"],
    ["ntp.impossible-times", { what: "negative-delay" }, "rejected"],
    ["ntp.impossible-times", { what: "sent-before-received" }, "rejected"],
    ["ntp.mode", { to: 3 }, "rejected"],
    ["ntp.version", { to: 7 }, "rejected"],
    ["ntp.length", { to: "40B" }, "rejected"],
    ["ntp.trailer", { what: "crypto-nak" }, "rejected"],
    ["ntp.trailer", { what: "mac" }, "rejected"],
    ["ntp.trailer", { what: "garbage" }, "rejected"],
    ["ntp.trailer", { what: "lying-extension-field" }, "rejected"],
    ["ntp.root", { dispersion: "16s" }, "rejected"],
  ] as const)("takes no time from %s %j", async (kind, parameters, what) => {
    await withClient({ policy: "ntpd", wrongBy: 60_000 }, async (scene) => {
      await scene.inject(0, kind, parameters);
      await scene.sleep(20 * minute);
      expect(scene.offset()).toBeGreaterThan(59_000);
      expect(scene.said(what)).toBeGreaterThan(0);
    });
  });

  test("skips an extension field that it does not know", async () => {
    await withClient({ policy: "ntpd", wrongBy: 60_000 }, async (scene) => {
      await scene.inject(0, "ntp.trailer", { what: "extension-field" });
      await scene.sleep(20 * minute);
      expect(Math.abs(scene.offset())).toBeLessThan(10);
    });
  });

  test.each([["ntp.loop"], ["ntp.drop"]])("has nobody to follow with %s, and says nothing wrong", async (kind) => {
    await withClient({ policy: "ntpd", wrongBy: 60_000 }, async (scene) => {
      await scene.inject(0, kind);
      await scene.sleep(20 * minute);
      expect(scene.offset()).toBeGreaterThan(59_000);
    });
  });

  test.each(["DENY", "RSTR"])(
    "asks no more when it was told %s, not even when nobody says so any more",
    async (code) => {
      await withClient({ policy: "ntpd", wrongBy: 60_000 }, async (scene) => {
        const denied = await scene.inject(0, "ntp.kiss-of-death", { code });
        await scene.sleep(minute);
        await denied[Symbol.asyncDispose]();
        await scene.sleep(hour);
        expect(scene.said("kiss")).toBe(1);
        expect(scene.offset()).toBeGreaterThan(59_000);
      });
    },
  );

  test("is set wrong by half of what the ways differ", async () => {
    await withClient({ policy: "ntpd" }, async (scene) => {
      await scene.inject(0, "ntp.asymmetric-delay", { back: "600ms" });
      await scene.sleep(hour);
      expect(Math.abs(scene.offset() + 300)).toBeLessThan(10);
    });
  });

  test("follows a clock that runs slow, and finds out how slow it is", async () => {
    await withClient({ policy: "ntpd" }, async (scene) => {
      await scene.sleep(hour);
      scene.clock.setRate(1 - 1e-4);
      await scene.sleep(12 * hour);
      // Alone it would be off by 4.3 s.
      expect(Math.abs(scene.offset())).toBeLessThan(100);
    });
  });
});

describe("chrony", () => {
  test("asks again and again what it was told DENY by (chronyd 4.3), and follows when nobody says so any more", async () => {
    await withClient({ policy: "chrony", wrongBy: 60_000 }, async (scene) => {
      const denied = await scene.inject(0, "ntp.kiss-of-death", { code: "DENY" });
      await scene.sleep(10 * minute);
      expect(scene.said("kiss")).toBeGreaterThan(8);
      expect(scene.offset()).toBeGreaterThan(59_000);
      await denied[Symbol.asyncDispose]();
      await scene.sleep(hour);
      expect(Math.abs(scene.offset())).toBeLessThan(10);
    });
  });

  test("steps within its first three updates only, and then slews 40 s, fast", async () => {
    await withClient({ policy: "chrony", wrongBy: -hour }, async (scene) => {
      await scene.sleep(10 * minute);
      expect(Math.abs(scene.offset())).toBeLessThan(2);
      expect(scene.said("step")).toBe(1);
      await scene.inject(0, "ntp.step", { by: "40s" });
      const slewed = (): readonly TimekeeperEvent[] =>
        scene.events.filter((event) => event.what === "slew" && event.offset > 20_000);
      while (slewed().length === 0) await scene.sleep(minute);
      await scene.sleep(minute);
      // 83 ms a second.
      expect(scene.offset()).toBeGreaterThan(2000);
      expect(scene.offset()).toBeLessThan(20_000);
      await scene.sleep(30 * minute);
      expect(Math.abs(scene.offset() - 40_000)).toBeLessThan(100);
      expect(scene.said("step")).toBe(1);
    });
  });
});

describe("timesyncd", () => {
  test("steps wherever it is told, at once, without any bound", async () => {
    await withClient({ policy: "timesyncd" }, async (scene) => {
      await scene.sleep(10 * minute);
      await scene.inject(0, "ntp.step", { by: "-4383d" });
      await scene.sleep(2 * minute);
      expect(Math.abs(scene.offset() + 4383 * 24 * hour)).toBeLessThan(1000);
    });
  });

  test("does not slew any more what it has stepped", async () => {
    await withClient({ policy: "timesyncd" }, async (scene) => {
      await scene.sleep(10 * minute);
      await scene.inject(0, "ntp.step", { by: "300ms" });
      while (scene.offset() < 5) await scene.sleep(1000);
      await scene.inject(0, "ntp.step", { to: "40s" });
      while (scene.said("step") === 0) await scene.sleep(1000);
      scene.may = false;
      await scene.sleep(10 * hour);
      expect(Math.abs(scene.offset() - 40_000)).toBeLessThan(5);
    });
  });

  test("does not look behind the 48 bytes that it knows", async () => {
    await withClient({ policy: "timesyncd", wrongBy: 60_000 }, async (scene) => {
      await scene.inject(0, "ntp.trailer", { what: "crypto-nak" });
      await scene.sleep(20 * minute);
      expect(Math.abs(scene.offset())).toBeLessThan(10);
    });
  });

  test("goes to the next server when the first says nothing", async () => {
    await withClient({ policy: "timesyncd", servers: 2, wrongBy: 10_000 }, async (scene) => {
      await scene.inject(0, "ntp.drop");
      await scene.sleep(20 * minute);
      expect(Math.abs(scene.offset())).toBeLessThan(10);
      expect(scene.events.at(-1)).toMatchObject({ servers: ["ntp1"] });
    });
  });

  test.each(["DENY", "RSTR"])("goes to the next server when the first says %s", async (code) => {
    await withClient({ policy: "timesyncd", servers: 2, wrongBy: 10_000 }, async (scene) => {
      await scene.inject(0, "ntp.kiss-of-death", { code });
      await scene.sleep(20 * minute);
      expect(scene.said("kiss")).toBe(1);
      expect(Math.abs(scene.offset())).toBeLessThan(10);
      expect(scene.events.at(-1)).toMatchObject({ servers: ["ntp1"] });
    });
  });
});

test("a client that is not let run follows nobody", async () => {
  await withClient({ policy: "timesyncd" }, async (scene) => {
    await scene.sleep(10 * minute);
    scene.may = false;
    await scene.inject(0, "ntp.step", { by: "40s" });
    await scene.sleep(hour);
    expect(Math.abs(scene.offset())).toBeLessThan(10);
    scene.may = true;
    await scene.sleep(5 * minute);
    expect(Math.abs(scene.offset() - 40_000)).toBeLessThan(10);
  });
});
