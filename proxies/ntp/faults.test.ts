/** What is on the wire with each fault, and what chrony makes of it. */
import { describe, expect, test } from "vitest";
import { referenceIdOf, type NtpPacket } from "../../faults/ntp/packet.ts";
import { differenceMs, unixTimeOf } from "../../faults/ntp/timestamp.ts";
import { chronyd, openClient, startScene } from "./ntp.testing.ts";
import { readRest } from "./wire/rest.ts";

/** Seconds of correction that chrony would apply; "none": it uses nothing of it. */
type Verdict = number | "none";

const year = (packet: NtpPacket): number => new Date(unixTimeOf(packet.transmit, Date.now())).getUTCFullYear();

interface Row {
  readonly kind: string;
  readonly parameters: object;
  /** Of the first reply, which differs by so many seconds from what the server has sent. */
  readonly sees: (packet: NtpPacket, request: NtpPacket, wrongBy: number) => unknown;
  readonly expected: unknown;
  readonly verdict: Verdict;
  readonly options?: string;
}

const rows: readonly Row[] = [
  {
    kind: "ntp.offset",
    parameters: { by: "-3s" },
    sees: (_packet, _request, wrongBy) => Math.round(wrongBy),
    expected: -3,
    verdict: -3,
  },
  {
    kind: "ntp.offset",
    parameters: { by: "20m" },
    sees: (_packet, _request, wrongBy) => Math.round(wrongBy),
    expected: 1200,
    verdict: 1200,
  },
  {
    kind: "ntp.offset",
    parameters: { by: "-4383d" },
    sees: (_packet, _request, wrongBy) => Math.round(wrongBy),
    expected: -378_691_200,
    verdict: -378_691_200,
  },
  {
    kind: "ntp.asymmetric-delay",
    parameters: { back: "1500ms" },
    sees: (_packet, _request, wrongBy) => wrongBy,
    expected: 0,
    verdict: -0.75,
  },
  {
    kind: "ntp.asymmetric-delay",
    parameters: { out: "1500ms" },
    sees: (_packet, _request, wrongBy) => wrongBy,
    expected: 0,
    verdict: 0.75,
  },
  {
    kind: "ntp.kiss-of-death",
    parameters: { code: "RATE" },
    sees: ({ leap, stratum, referenceId, origin }, { transmit }) => [leap, stratum, referenceId, origin === transmit],
    expected: [3, 0, referenceIdOf("RATE"), true],
    verdict: "none",
  },
  {
    kind: "ntp.unsynchronised",
    parameters: {},
    sees: ({ leap, stratum }) => [leap, stratum],
    expected: [3, 16],
    verdict: "none",
  },
  {
    kind: "ntp.unsynchronised",
    parameters: { stratum: 0, leap: 0 },
    sees: ({ leap, stratum }) => [leap, stratum],
    expected: [0, 0],
    verdict: "none",
  },
  { kind: "ntp.leap", parameters: { announces: "insert" }, sees: ({ leap }) => leap, expected: 1, verdict: 0 },
  {
    kind: "ntp.leap-second",
    parameters: { in: "1h" },
    sees: ({ leap }, _request, wrongBy) => [leap, wrongBy],
    expected: [1, 0],
    verdict: 0,
  },
  {
    kind: "ntp.leap-second",
    parameters: { way: "insert" },
    sees: ({ leap }, _request, wrongBy) => [leap, wrongBy],
    expected: [0, -1],
    verdict: -1,
  },
  {
    kind: "ntp.leap-second",
    parameters: { way: "delete" },
    sees: ({ leap }, _request, wrongBy) => [leap, wrongBy],
    expected: [0, 1],
    verdict: 1,
  },
  {
    kind: "ntp.smear",
    parameters: { over: "0s" },
    sees: (_packet, _request, wrongBy) => Math.round(wrongBy),
    expected: -1,
    verdict: -1,
  },
  { kind: "ntp.zero-timestamp", parameters: {}, sees: ({ transmit }) => transmit, expected: 0n, verdict: "none" },
  {
    kind: "ntp.zero-timestamp",
    parameters: { field: "receive" },
    sees: ({ receive }) => receive,
    expected: 0n,
    verdict: "none",
  },
  {
    kind: "ntp.impossible-times",
    parameters: {},
    sees: ({ receive, transmit }) => Math.round(differenceMs(transmit, receive)),
    expected: -2000,
    verdict: 0,
  },
  {
    kind: "ntp.impossible-times",
    parameters: { what: "negative-delay" },
    sees: ({ receive, transmit }) => Math.round(differenceMs(transmit, receive)),
    expected: 2000,
    verdict: 0,
  },
  {
    kind: "ntp.origin",
    parameters: { to: "other" },
    sees: ({ origin }, { transmit }) => origin !== transmit && origin !== 0n,
    expected: true,
    verdict: "none",
  },
  { kind: "ntp.origin", parameters: { to: "zero" }, sees: ({ origin }) => origin, expected: 0n, verdict: "none" },
  {
    kind: "ntp.origin",
    parameters: { to: "request" },
    sees: ({ origin }, request) => origin === request.origin && origin !== request.transmit,
    expected: true,
    verdict: "none",
  },
  { kind: "ntp.wrong-source", parameters: {}, sees: () => undefined, expected: undefined, verdict: "none" },
  { kind: "ntp.version", parameters: { to: 3 }, sees: ({ version }) => version, expected: 3, verdict: 0 },
  { kind: "ntp.version", parameters: { to: 7 }, sees: ({ version }) => version, expected: 7, verdict: "none" },
  { kind: "ntp.mode", parameters: { to: 3 }, sees: ({ mode }) => mode, expected: 3, verdict: "none" },
  { kind: "ntp.mode", parameters: { to: 6 }, sees: ({ mode }) => mode, expected: 6, verdict: "none" },
  {
    kind: "ntp.era",
    parameters: { in: "-1h" },
    sees: ({ transmit }) => transmit < 1n << 45n,
    expected: true,
    verdict: (2_085_978_496_000 + 3_600_000 - Date.now()) / 1000,
  },
  {
    kind: "ntp.year",
    parameters: { to: 2000 },
    sees: year,
    expected: 2000,
    verdict: (Date.UTC(2000, 0, 1) - Date.now()) / 1000,
  },
  {
    kind: "ntp.year",
    parameters: { to: 1970 },
    sees: (packet) => packet.transmit >> 32n,
    expected: 2_208_988_800n,
    verdict: -Date.now() / 1000,
  },
  // Which era it is stands in no packet: whoever was made in this century takes it for the next one.
  {
    kind: "ntp.year",
    parameters: { to: 1900, past: "1d" },
    sees: (packet) => packet.transmit >> 32n,
    expected: 86_400n,
    verdict: 2 ** 32 - 2_208_988_800 + 86_400 - Date.now() / 1000,
  },
  {
    kind: "ntp.year",
    parameters: { to: 2038, past: "1566847s" },
    sees: (packet) => Math.floor(unixTimeOf(packet.transmit, Date.now()) / 1000) >= 2 ** 31 - 1,
    expected: true,
    verdict: (2 ** 31 * 1000 - Date.now()) / 1000,
  },
  {
    kind: "ntp.root",
    parameters: { dispersion: "10s" },
    sees: ({ rootDispersionMs, rootDelayMs }) => [rootDispersionMs, Math.round(rootDelayMs)],
    expected: [10_000, 1],
    verdict: "none",
  },
  {
    kind: "ntp.root",
    parameters: { delay: "10s" },
    sees: ({ rootDelayMs }) => rootDelayMs,
    expected: 10_000,
    verdict: "none",
  },
  { kind: "ntp.stratum", parameters: { to: 15 }, sees: ({ stratum }) => stratum, expected: 15, verdict: 0 },
  { kind: "ntp.stratum", parameters: { to: 16 }, sees: ({ stratum }) => stratum, expected: 16, verdict: "none" },
  {
    kind: "ntp.loop",
    parameters: {},
    sees: ({ referenceId }) => referenceId,
    expected: 0x7f_00_00_01,
    verdict: 0,
  },
  // 15 µs a second are 1.3 s a day, and chrony's `maxdistance` is 3 s.
  {
    kind: "ntp.stale-reference",
    parameters: { age: "3d" },
    sees: ({ reference, transmit, rootDispersionMs }) => [
      Math.round(differenceMs(transmit, reference) / 86_400_000),
      Math.round(rootDispersionMs / 100),
    ],
    expected: [3, 39],
    verdict: "none",
  },
  {
    kind: "ntp.stale-reference",
    parameters: { age: "2d" },
    sees: ({ rootDispersionMs }) => Math.round(rootDispersionMs / 100),
    expected: 26,
    verdict: 0,
  },
  // Who says nothing of what it has lost is believed for longer.
  {
    kind: "ntp.stale-reference",
    parameters: { age: "3d", dispersion: "stays" },
    sees: ({ reference, transmit, rootDispersionMs }) => [
      Math.round(differenceMs(transmit, reference) / 86_400_000),
      Math.round(rootDispersionMs / 100),
    ],
    expected: [3, 0],
    verdict: 0,
  },
  {
    kind: "ntp.precision",
    parameters: { to: -1, says: "nothing" },
    sees: ({ precision, transmit }) => [precision < -6, transmit & 0x7fff_ffffn],
    expected: [true, 0n],
    verdict: -0.25,
  },
  {
    kind: "ntp.precision",
    parameters: { to: 3 },
    sees: ({ precision, transmit }) => [precision, transmit & ((1n << 35n) - 1n)],
    expected: [3, 0n],
    verdict: "none",
  },
  { kind: "ntp.length", parameters: { to: "40B" }, sees: (packet) => packet, expected: undefined, verdict: "none" },
  { kind: "ntp.length", parameters: { to: "300B" }, sees: ({ rest }) => rest.length, expected: 252, verdict: "none" },
  {
    kind: "ntp.trailer",
    parameters: { what: "garbage" },
    sees: ({ rest }) => readRest(rest),
    expected: { fields: [], garbage: 32 },
    verdict: "none",
  },
  {
    kind: "ntp.trailer",
    parameters: { what: "extension-field" },
    sees: ({ rest }) => readRest(rest),
    expected: { fields: [{ type: 0xf55d, bytes: 32 }], garbage: 0 },
    verdict: 0,
  },
  {
    kind: "ntp.trailer",
    parameters: { what: "lying-extension-field" },
    sees: ({ rest }) => readRest(rest),
    expected: { fields: [], garbage: 32 },
    verdict: "none",
  },
  {
    kind: "ntp.trailer",
    parameters: { what: "mac" },
    sees: ({ rest }) => readRest(rest),
    expected: { fields: [], mac: { key: 0x5eed, digestBytes: 16 }, garbage: 0 },
    verdict: "none",
  },
  {
    kind: "ntp.trailer",
    parameters: { what: "crypto-nak" },
    sees: ({ rest }) => readRest(rest),
    expected: { fields: [], mac: { key: 0, digestBytes: 0 }, garbage: 0 },
    verdict: "none",
  },
];

describe.concurrent("one reply", () => {
  test.each(rows.map((row) => [row.kind, row.parameters, row.verdict, row] as const))(
    "%s %j: chrony makes %s of it",
    async (kind, parameters, verdict, { sees, expected }) => {
      await using scene = await startScene();
      await using client = await openClient(scene.port);
      await scene.inject(kind, parameters);
      const { packet, request } = await client.query();
      expect(packet === undefined ? packet : sees(packet, request, scene.wrongBy(packet))).toEqual(expected);
      expect(scene.hits).toEqual([{ connection: 1, direction: "upstream", request: 1 }]);
      const { offset, said } = await chronyd(scene.port, "", 4);
      const found = offset === undefined ? "none" : offset;
      const fits =
        found === "none" || verdict === "none"
          ? found === verdict
          : Math.abs(found - verdict) < 0.5 + Math.abs(verdict) * 1e-6;
      expect(fits ? verdict : said).toBe(verdict);
    },
    30_000,
  );
});

test("a server of stratum 1 that has its time from its client is one of stratum 2", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  await scene.inject("ntp.stratum", { to: 1 });
  expect((await client.query()).packet).toMatchObject({ stratum: 1 });
  await scene.inject("ntp.loop", {});
  expect((await client.query()).packet).toMatchObject({ stratum: 2, referenceId: 0x7f_00_00_01 });
});
