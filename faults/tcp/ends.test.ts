/** Faults that end connections, or do not let them begin. */
import { describe, expect, test } from "vitest";
import { closeOnAccept } from "./close-on-accept.ts";
import { connections } from "./connections.ts";
import { limit } from "./limit.ts";
import { refuse } from "./refuse.ts";
import { reset } from "./reset.ts";
import { stranger } from "./stranger.ts";
import { truncate } from "./truncate.ts";
import { conversation, data, fin, open, rst, tick } from "./tcp.testing.ts";

describe("reset", () => {
  test("comes at once on a new and on an idle connection", () => {
    expect(conversation(reset, {})(open)).toEqual(["0 rst"]);
    expect(conversation(reset, {}, 7)(tick(7))).toEqual(["7 rst"]);
  });

  test("asks for a tick at its time, and comes with it", () => {
    const says = conversation(reset, { after: "5s" }, 1000);
    expect(says(tick(1000))).toEqual(["1000 tick", "6000 tick"]);
    expect(says(data(1100, 0, "abc"))).toEqual(["as it is"]);
    expect(says(tick(6000))).toEqual(["6000 rst"]);
  });

  test("comes behind a byte, counted from where the fault met the connection", () => {
    const says = conversation(reset, { after_bytes: "4B" });
    expect(says(open)).toEqual(["as it is"]);
    expect(says(data(1, 100, "abc"))).toEqual(["as it is"]);
    expect(says(data(2, 103, "def"))).toEqual(["2 103 d", "2 rst"]);
    expect(conversation(reset, { after_bytes: "0B" })(data(1, 0, "a"))).toEqual(["1 rst"]);
    expect(conversation(reset, { after_bytes: "1B" })(data(1, 0, "a"))).toEqual(["1 0 a", "1 rst"]);
  });

  test("with both, whichever comes first", () => {
    const says = conversation(reset, { after_bytes: "4B", after: "1s" });
    expect(says(open)).toEqual(["0 open", "1000 tick"]);
    expect(says(data(1, 0, "abcdef"))).toEqual(["1 0 abcd", "1 rst"]);
    expect(says(tick(1000))).toEqual(["1000 rst"]);
  });
});

describe("truncate", () => {
  test("puts FIN in place of the rest and swallows it", () => {
    const says = conversation(truncate, { after: "4B" });
    expect(says(data(1, 0, "abc"))).toEqual(["as it is"]);
    expect(says(data(2, 3, "def"))).toEqual(["2 3 d", "2 fin"]);
    expect(says(data(3, 6, "ghi"))).toEqual([]);
    expect(says(fin(4))).toEqual([]);
    expect(says(rst(5))).toEqual(["as it is"]);
  });

  test("leaves a shorter stream alone", () => {
    const says = conversation(truncate, { after: "4B" });
    expect(says(data(1, 0, "abc"))).toEqual(["as it is"]);
    expect(says(fin(2))).toEqual(["as it is"]);
  });
});

describe("limit", () => {
  test("closes exactly behind its last byte, counted from where the fault met the connection", () => {
    const says = conversation(limit, { bytes: "4B" });
    expect(says(open)).toEqual(["as it is"]);
    expect(says(data(1, 100, "abc"))).toEqual(["as it is"]);
    expect(says(data(2, 103, "def"))).toEqual(["2 103 d", "2 close"]);
  });

  test("closes after its time, or at once if nothing is said", () => {
    const says = conversation(limit, { time: "5s" }, 1000);
    expect(says(tick(1000))).toEqual(["1000 tick", "6000 tick"]);
    expect(says(tick(6000))).toEqual(["6000 close"]);
    expect(conversation(limit, { time: "0s" })(open)).toEqual(["0 close"]);
  });
});

describe("refuse", () => {
  test("shuts the door and leaves what is inside alone", () => {
    expect(refuse.door).toBe("shut");
    const says = conversation(refuse, {});
    for (const item of [open, data(1, 0, "a"), fin(2), tick(3)]) expect(says(item)).toEqual(["as it is"]);
  });
});

describe("close-on-accept", () => {
  test("closes a new connection, and no other", () => {
    const says = conversation(closeOnAccept, {}, 7);
    expect([open, tick(8), data(9, 0, "a")].map(says)).toEqual([["7 close"], ["as it is"], ["as it is"]]);
  });
});

describe("stranger", () => {
  test("leads a new connection elsewhere, whenever it is opened, and changes nothing that is there", () => {
    const says = conversation(stranger, { to: "link:next" }, 7);
    expect([open, { ...open, due: 9 }].map(says)).toEqual([["0 open link:next"], ["9 open link:next"]]);
    expect([tick(8), data(9, 0, "a"), fin(9), rst(9)].map(says).flat()).toEqual(Array(4).fill("as it is"));
  });

  test.each([
    ["link:next_tenant", true],
    ["db2.test:5432", true],
    ["198.18.0.9:443", true],
    ["[::1]:443", true],
    ["198.18.0.9", false],
    ["next_tenant", false],
    ["link:", false],
    ["db2.test:65536", false],
    ["::1:443", false],
    ["two words:443", false],
    [443, false],
  ])("%s is somewhere: %s", (to, expected) => {
    expect(stranger.parameters.safeParse({ to }).success).toBe(expected);
  });
});

const opened = (beyond: string, others: number): string[] =>
  conversation(connections, { most: 2, beyond }, 0, others)(open);

describe("connections", () => {
  test("one too many is reset, closed or held", () => {
    expect(opened("reset", 1)).toEqual(["as it is"]);
    expect(opened("reset", 2)).toEqual(["0 rst"]);
    expect(opened("close", 2)).toEqual(["0 close"]);
    expect(opened("hold", 3)).toEqual(["Infinity open"]);
  });

  test("those that were there before stay", () => {
    expect(conversation(connections, { most: 1 }, 0, 5)(tick(1))).toEqual(["as it is"]);
  });
});
