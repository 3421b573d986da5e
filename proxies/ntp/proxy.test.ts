import { describe, expect, test } from "vitest";
import { differenceMs } from "../../faults/ntp/timestamp.ts";
import { chronyd, openClient, startScene } from "./ntp.testing.ts";

describe("without a fault", () => {
  test("a client gets its server's time, and both packets are told of", async () => {
    await using scene = await startScene();
    await using client = await openClient(scene.port);
    const { packet, request, port } = await client.query();
    expect(packet?.origin).toBe(request.transmit);
    expect(port).toBe(scene.port);
    expect(Math.abs((await chronyd(scene.port)).offset ?? NaN)).toBeLessThan(0.5);
    const told = scene.events.filter(({ type }) => type === "request" || type === "reply").slice(0, 2);
    expect(told).toEqual([
      { type: "request", connection: 1, request: 1, packet: expect.stringMatching(/^LI 0, VN 4, Mode 3, .*/) },
      { type: "reply", connection: 1, request: 1, packet: expect.stringMatching(/^LI 0, VN 4, Mode 4, Stratum 2, .*/) },
    ]);
  });
});

describe("steps", () => {
  test("add up, last until they are taken back, and hit when somebody notices", async () => {
    await using scene = await startScene();
    await using client = await openClient(scene.port);
    const wrongBy = async (): Promise<number> => {
      const { packet } = await client.query();
      const server = scene.server.asked.length;
      expect(server).toBeGreaterThan(0);
      return Math.round(differenceMs(packet?.transmit ?? 0n, packet?.reference ?? 0n) / 1000);
    };
    await scene.inject("ntp.step", { by: "40s" });
    await scene.inject("ntp.step", { by: "40s" });
    expect(scene.hits).toEqual([]);
    expect((await chronyd(scene.port)).offset).toBeCloseTo(80, 0);
    expect(scene.hits).toEqual([
      { connection: 1, request: 1 },
      { connection: 1, request: 1 },
    ]);
    await scene.inject("ntp.step", { to: "-20m" });
    expect((await chronyd(scene.port)).offset).toBeCloseTo(-1200, 0);
    expect(await wrongBy()).toBe(16);
    await scene.inject("ntp.step", { to: "0s" });
    expect((await chronyd(scene.port)).offset).toBeCloseTo(0, 0);
    expect(scene.hits).toHaveLength(4);
  });

  test("that are taken back before anybody has asked hit nothing", async () => {
    await using scene = await startScene();
    await using client = await openClient(scene.port);
    await scene.inject("ntp.step", { by: "40s" });
    await scene.inject("ntp.step", { by: "-40s" });
    const { packet } = await client.query();
    expect(Math.round(scene.wrongBy(packet))).toBe(0);
    expect(scene.hits).toEqual([]);
  });
});

describe("whose reply it is", () => {
  test("a client that always sends the same Transmit Timestamp meets what its own request has met", async () => {
    await using scene = await startScene();
    await using client = await openClient(scene.port);
    await scene.inject("ntp.stratum", { to: 9 }, { everyNth: 2 });
    const strata: (number | undefined)[] = [];
    for (let n = 0; n < 4; n += 1) strata.push((await client.query({ transmit: 0n })).packet?.stratum);
    expect(strata).toEqual([2, 9, 2, 9]);
  });

  test("what comes again of the server's meets no fault that was lifted meanwhile", async () => {
    await using scene = await startScene();
    await using client = await openClient(scene.port);
    const lifted = await scene.inject("ntp.stratum", { to: 9 });
    await scene.inject("ntp.version", { to: 3 });
    expect((await client.query()).packet?.stratum).toBe(9);
    await lifted[Symbol.asyncDispose]();
    scene.server.repeat();
    expect((await client.hear()).packet).toMatchObject({ stratum: 2, version: 3 });
  });
});
