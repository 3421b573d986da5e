import { describe, expect, test } from "vitest";
import { requestOf, serverMode, type NtpPacket } from "../../faults/ntp/packet.ts";
import { timestampOf } from "../../faults/ntp/timestamp.ts";
import { createAssociation, type Association } from "./association.ts";
import { policies, type PolicyName } from "./policy.ts";

const start = 1_750_000_000_000;

function associationOf(policy: PolicyName): Association {
  return createAssociation({
    name: "ntp0",
    policy: policies[policy],
    ownPrecision: -20,
    pollMs: undefined,
    ownReferenceIds: new Set(),
  });
}

/** Asks for so many times, as often as it would, and hears each time that its clock is off by so much. Returns by which intervals, in seconds. */
function askTimes(association: Association, times: number, offsetMs: (n: number) => number): readonly number[] {
  let now = start;
  return Array.from({ length: times }, (_, n) => {
    const nonce = BigInt(now) + 1n;
    association.asks(nonce, now);
    const there = timestampOf(now + 1 + offsetMs(n));
    const reply: NtpPacket = {
      ...requestOf(0n),
      mode: serverMode,
      stratum: 2,
      precision: -20,
      rootDelayMs: 1,
      rootDispersionMs: 1,
      referenceId: 1,
      reference: there,
      origin: nonce,
      receive: there,
      transmit: there,
    };
    expect(association.hears(reply, now + 2, now - start + 2).type).toBe("sample");
    const pauseMs = association.pauseMs ?? Number.NaN;
    now += pauseMs;
    return pauseMs / 1000;
  });
}

describe("the poll interval", () => {
  test("of ntpd grows by a power of two each few times that all is quiet, up to 1024 s, and shrinks soon when it is not", () => {
    const association = associationOf("ntpd");
    // A burst of eight, and six or five or four times each of 64, 128, 256, 512 s (LIMIT is 30).
    const quiet = askTimes(association, 8 + 100, () => 0);
    expect(quiet.slice(0, 7)).toEqual(Array.from({ length: 7 }, () => 2));
    expect([...new Set(quiet.slice(7))]).toEqual([64, 128, 256, 512, 1024]);
    expect(quiet.slice(7).filter((seconds) => seconds === 64)).toHaveLength(5);
    expect(quiet.slice(7).filter((seconds) => seconds === 256)).toHaveLength(4);
    // When all eight samples are of the new time, their jitter is none; then from 30 down to -30, by 20 each time, however long it was quiet.
    const loud = askTimes(association, 12, () => 5000);
    expect(loud.indexOf(512)).toBe(7 + 3);
  });

  test("of timesyncd doubles each time that it is right to 50 ms, and begins anew beyond 200 ms", () => {
    const association = associationOf("timesyncd");
    expect(askTimes(association, 8, () => 10)).toEqual([64, 128, 256, 512, 1024, 2048, 2048, 2048]);
    expect(askTimes(association, 3, (n) => [100, 160, 250][n] ?? 0)).toEqual([2048, 1024, 32]);
  });
});
