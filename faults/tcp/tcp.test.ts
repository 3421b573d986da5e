/** Every fault of the plane as a conversation: items in, items out. */
import { describe, expect, test } from "vitest";
import { stream } from "../random.ts";
import { bandwidth } from "./bandwidth.ts";
import { blackhole } from "./blackhole.ts";
import type { TcpFault, TcpItem } from "./contract.ts";
import { drip } from "./drip.ts";
import { latency } from "./latency.ts";
import { refuse } from "./refuse.ts";
import { reset } from "./reset.ts";
import { slicer } from "./slicer.ts";
import { truncate } from "./truncate.ts";

const data = (due: number, offset: number, text: string): TcpItem => ({
  type: "data",
  due,
  offset,
  bytes: Buffer.from(text),
});
const open: TcpItem = { type: "open", due: 0 };
const fin = (due: number): TcpItem => ({ type: "fin", due });
const rst = (due: number): TcpItem => ({ type: "rst", due });
const tick = (due: number): TcpItem => ({ type: "tick", due });

/** One live connection under one fault: what it puts out for each item, as words. */
function conversation(fault: TcpFault, parameters: object, since = 0): (item: TcpItem) => string[] {
  const parsed = fault.parameters.parse(parameters);
  const context = { since, direction: "downstream", draw: stream(1, [fault.kind]) } as const;
  const state = fault.start(parsed, context);
  return (item) => {
    const out = fault.map(item, state, parsed, context);
    if (out === item) return ["as it is"];
    return ("type" in out ? [out] : out).map((each) =>
      each.type === "data"
        ? `${each.due} ${each.offset} ${Buffer.from(each.bytes).toString()}`
        : `${each.due} ${each.type}`,
    );
  };
}

describe("latency", () => {
  test("moves bytes, FIN and RST, and leaves the connect alone", () => {
    const says = conversation(latency, { delay: "100ms" });
    expect(says(open)).toEqual(["as it is"]);
    expect(says(data(5, 0, "abc"))).toEqual(["105 0 abc"]);
    expect(says(tick(6))).toEqual(["as it is"]);
    expect(says(fin(7))).toEqual(["107 fin"]);
    expect(says(rst(8))).toEqual(["108 rst"]);
  });

  test("of nothing changes nothing", () => {
    expect(conversation(latency, { delay: "0ms" })(data(5, 0, "abc"))).toEqual(["as it is"]);
  });

  test("jitter is plus or minus, drawn for every 512 bytes of the stream, and never goes back in time", () => {
    const says = conversation(latency, { delay: "10ms", jitter: "20ms" });
    const pieces = says(data(100, 500, "x".repeat(1024)));
    expect(pieces.map((piece) => piece.split(" ")[1])).toEqual(["500", "512", "1024"]);
    const dues = pieces.map(Number.parseFloat);
    for (const due of dues) {
      expect(due).toBeGreaterThanOrEqual(100);
      expect(due).toBeLessThan(130);
    }
    expect(new Set(dues).size).toBe(3);
    const again = conversation(latency, { delay: "10ms", jitter: "20ms" });
    expect(
      [...again(data(100, 500, "x".repeat(300))), ...again(data(100, 800, "x".repeat(724)))].map(Number.parseFloat),
    ).toEqual([dues[0], dues[1], dues[1], dues[2]]);
  });

  test("jitter as a distribution is added as it is drawn", () => {
    const says = conversation(latency, { delay: "10ms", jitter: { cycle: ["1ms", "2ms"] } });
    expect(says(data(0, 0, "x".repeat(1100))).map(Number.parseFloat)).toEqual([11, 12, 11]);
  });
});

describe("bandwidth and drip", () => {
  test("bytes leave evenly, in pieces of a hundredth of a second", () => {
    const says = conversation(bandwidth, { rate: "300B/s" });
    expect(says(data(0, 0, "abcdefgh"))).toEqual(["10 0 abc", "20 3 def", `${20 + 20 / 3} 6 gh`]);
    expect(says(data(1000, 8, "i"))[0]).toMatch(/^1003\.3/);
    expect(says(fin(1001))).toEqual(["as it is"]);
  });

  test("a connection that was idle has saved up nothing", () => {
    const says = conversation(bandwidth, { rate: "100B/s" }, 50);
    expect(says(data(0, 0, "a"))).toEqual(["60 0 a"]);
    expect(says(data(10_000, 1, "b"))).toEqual(["10010 1 b"]);
  });

  test("drip spaces small chunks evenly", () => {
    const says = conversation(drip, { rate: "100B/s", chunk: "2B" });
    expect(says(data(0, 0, "abcde"))).toEqual(["20 0 ab", "40 2 cd", "50 4 e"]);
  });
});

describe("slicer", () => {
  test("cuts into slices with pauses between them, however the bytes came", () => {
    const says = conversation(slicer, { size: "3B", delay: "10ms" });
    expect(says(data(0, 0, "abcdefgh"))).toEqual(["0 0 abc", "10 3 def", "20 6 gh"]);
    expect(says(data(0, 8, "ij"))).toEqual(["20 8 i", "30 9 j"]);
  });

  test("draws each slice's size from a distribution", () => {
    const says = conversation(slicer, { size: { cycle: ["1B", "3B"] } });
    expect(says(data(0, 0, "abcdef"))).toEqual(["0 0 a", "0 1 bcd", "0 4 e", "0 5 f"]);
  });

  test("has no concern with what fits into one slice", () => {
    expect(conversation(slicer, { size: "1KiB" })(data(0, 0, "abc"))).toEqual(["as it is"]);
  });
});

describe("blackhole", () => {
  test("holds everything but ticks", () => {
    const says = conversation(blackhole, {});
    expect([open, data(1, 0, "a"), fin(2), rst(3), tick(4)].map(says)).toEqual([
      ["Infinity open"],
      ["Infinity 0 a"],
      ["Infinity fin"],
      ["Infinity rst"],
      ["as it is"],
    ]);
  });
});

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

describe("refuse", () => {
  test("shuts the door and leaves what is inside alone", () => {
    expect(refuse.door).toBe("shut");
    const says = conversation(refuse, {});
    for (const item of [open, data(1, 0, "a"), fin(2), tick(3)]) expect(says(item)).toEqual(["as it is"]);
  });
});
