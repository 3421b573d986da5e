/** What an independent client reads in a reply, where it does nothing about it that `-Q` would show; and what it makes of several servers. */
import { describe, expect, test } from "vitest";
import type { Address } from "../../host/host.ts";
import { chronyd, chronydHears, startScene, type Found } from "./ntp.testing.ts";

const hasHeard = (heard: Found): boolean => Number(heard["Total RX"]) > 0;

test("without a fault chrony passes a reply through all of its tests", async () => {
  await using scene = await startScene();
  expect(await chronydHears(scene.port, hasHeard)).toMatchObject({
    "Leap status": "Normal",
    Version: "4",
    Mode: "Server",
    Stratum: "2",
    Precision: expect.stringMatching(/^-23 /),
    "Root delay": expect.stringMatching(/^0\.001/),
    "Root dispersion": expect.stringMatching(/^0\.001/),
    "Reference ID": expect.stringMatching(/^C6120009 /),
    "Reference time": expect.stringContaining(String(new Date().getUTCFullYear())),
    "NTP tests": "111 111 1111",
  });
});

describe.concurrent("chrony reads", () => {
  test.each<readonly [string, object, Found]>([
    ["ntp.leap", { announces: "insert" }, { "Leap status": "Insert second" }],
    ["ntp.leap", { announces: "delete" }, { "Leap status": "Delete second" }],
    ["ntp.leap-second", { in: "1h" }, { "Leap status": "Insert second" }],
    ["ntp.unsynchronised", {}, { "Leap status": "Not synchronised", Stratum: "16" }],
    ["ntp.version", { to: 3 }, { Version: "3" }],
    ["ntp.stratum", { to: 15 }, { Stratum: "15" }],
    ["ntp.loop", {}, { "Reference ID": "7F000001 ()" }],
    ["ntp.precision", { to: -6 }, { Precision: "-6 (0.015625000 seconds)" }],
    ["ntp.root", { delay: "400ms" }, { "Root delay": expect.stringMatching(/^0\.3999|^0\.4000/) as string }],
    ["ntp.root", { dispersion: "2s" }, { "Root dispersion": expect.stringMatching(/^1\.9999|^2\.0000/) as string }],
    ["ntp.zero-timestamp", { field: "reference" }, { "Reference time": "Thu Jan 01 00:00:00 1970" }],
    ["ntp.impossible-times", {}, { "Response time": "2.000000000 seconds" }],
  ])("%s %j", async (kind, parameters, fields) => {
    await using scene = await startScene();
    await scene.inject(kind, parameters);
    expect(await chronydHears(scene.port, hasHeard)).toMatchObject(fields);
  });

  test("ntp.stale-reference", async () => {
    await using scene = await startScene();
    await scene.inject("ntp.stale-reference", { age: "3650d" });
    const heard = await chronydHears(scene.port, hasHeard);
    const age = new Date().getUTCFullYear() - Number(heard["Reference time"]?.slice(-4));
    expect([9, 10]).toContain(age);
  });

  test("ntp.trailer: an extension field that it does not know is skipped", async () => {
    await using scene = await startScene();
    await scene.inject("ntp.trailer", { what: "extension-field" });
    expect(await chronydHears(scene.port, hasHeard)).toMatchObject({ "NTP tests": "111 111 1111" });
  });
});

describe.concurrent("of smeared time beside time that is not, chrony", () => {
  test.each([
    ["votes down the one of three that smears", [true, false, false], 0],
    ["believes two of three that smear", [true, true, false], -1],
    ["follows neither of two", [true, false], undefined],
  ] as const)("%s", async (_what, smears, offset) => {
    await using stack = new AsyncDisposableStack();
    const servers: Address[] = [];
    for (const [n, isSmeared] of smears.entries()) {
      const scene = stack.use(await startScene({ host: `127.0.0.${n + 1}` }));
      if (isSmeared) await scene.inject("ntp.smear", { over: "0s" });
      servers.push(scene.proxy.address);
    }
    const judged = await chronyd(servers, "", offset === undefined ? 5 : 10);
    expect(judged.offset === undefined ? undefined : Math.round(judged.offset) + 0).toBe(offset);
  });
});

describe.concurrent("of three servers chrony", () => {
  test.each([
    ["votes down a minority", [0, 0, 40], 0],
    ["believes a majority that is wrong", [0, 40, 40], 40],
    ["follows nobody if no two agree", [0, 40, -40], undefined],
  ] as const)("%s", async (_what, wrongs, offset) => {
    await using stack = new AsyncDisposableStack();
    const servers: Address[] = [];
    for (const [n, seconds] of wrongs.entries()) {
      // It takes two ports of one address for one server.
      const scene = stack.use(await startScene({ host: `127.0.0.${n + 1}` }));
      if (seconds !== 0) await scene.inject("ntp.offset", { by: `${seconds}s` });
      servers.push(scene.proxy.address);
    }
    const judged = await chronyd(servers, "", offset === undefined ? 5 : 10);
    expect(judged.offset === undefined ? undefined : Math.round(judged.offset) + 0).toBe(offset);
  });
});
