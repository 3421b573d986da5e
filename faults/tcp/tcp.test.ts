/** Every fault of the plane as a conversation: items in, items out. */
import { describe, expect, test } from "vitest";
import { stream } from "../random.ts";
import { bandwidth } from "./bandwidth.ts";
import { blackhole } from "./blackhole.ts";
import { closeOnAccept } from "./close-on-accept.ts";
import { connections } from "./connections.ts";
import type { TcpData, TcpFault, TcpItem, Visit } from "./contract.ts";
import { corrupt } from "./corrupt.ts";
import { drip } from "./drip.ts";
import { duplicate } from "./duplicate.ts";
import { intruder } from "./intruder.ts";
import { latency } from "./latency.ts";
import { limit } from "./limit.ts";
import { loss } from "./loss.ts";
import { mute } from "./mute.ts";
import { refuse } from "./refuse.ts";
import { reset } from "./reset.ts";
import { slicer } from "./slicer.ts";
import { slowClose } from "./slow-close.ts";
import { slowConnect } from "./slow-connect.ts";
import { stall } from "./stall.ts";
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
function conversation(fault: TcpFault, parameters: object, since = 0, others = 0): (item: TcpItem) => string[] {
  const parsed = fault.parameters.parse(parameters);
  const context = { since, others, shared: {}, direction: "downstream", draw: stream(1, [fault.kind]) } as const;
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

describe("slow-close", () => {
  test("delays the end alone", () => {
    const says = conversation(slowClose, { delay: "3s" });
    expect([open, data(1, 0, "a"), rst(2), tick(3)].map(says)).toEqual(Array.from({ length: 4 }, () => ["as it is"]));
    expect(says(fin(4))).toEqual(["3004 fin"]);
    expect(conversation(slowClose, { delay: "0s" })(fin(4))).toEqual(["as it is"]);
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
    expect(conversation(limit, {})(open)).toEqual(["0 close"]);
  });
});

describe("stall", () => {
  test("holds everything behind a byte, the end of the stream included", () => {
    const says = conversation(stall, { after_bytes: "4B" });
    expect(says(open)).toEqual(["as it is"]);
    expect(says(data(1, 10, "abc"))).toEqual(["as it is"]);
    expect(says(data(2, 13, "def"))).toEqual(["2 13 d", "Infinity 14 ef"]);
    expect(says(data(3, 16, "g"))).toEqual(["Infinity 16 g"]);
    expect(says(fin(4))).toEqual(["Infinity fin"]);
    expect(says(tick(5))).toEqual(["as it is"]);
  });

  test("leaves the end of a shorter stream alone, and holds that of one that ends at the byte", () => {
    const says = conversation(stall, { after_bytes: "4B" });
    says(data(1, 0, "abc"));
    expect(says(fin(2))).toEqual(["as it is"]);
    expect(says(data(2, 3, "d"))).toEqual(["as it is"]);
    expect([fin(3), rst(3)].map(says)).toEqual([["Infinity fin"], ["Infinity rst"]]);
  });

  test("holds what comes after its time", () => {
    const says = conversation(stall, { after: "1s" }, 1000);
    expect([data(1999, 0, "a"), data(2000, 1, "b"), fin(2001)].map(says)).toEqual([
      ["as it is"],
      ["Infinity 1 b"],
      ["Infinity fin"],
    ]);
  });

  test("at once is a black hole", () => {
    expect([open, data(0, 0, "a")].map(conversation(stall, {}))).toEqual([["Infinity open"], ["Infinity 0 a"]]);
  });
});

function visits(written: object): (n: number) => Visit | undefined {
  const parameters = intruder.parameters.parse(written);
  return (n) => intruder.visit?.(n, parameters, stream(1, ["intruder"]));
}

describe("intruder", () => {
  test("comes so often and no more, a gap apart, and with the same garbage under the same seed", () => {
    const visit = visits({ what: "garbage", times: 2, gap: "50ms", bytes: "32B" });
    const says = (n: number): string =>
      [...(visit(n)?.says ?? [])].map(({ bytes }) => Buffer.from(bytes).toString("hex")).join();
    expect(visit(1)).toMatchObject({ after: 50, most: 10, end: "close" });
    expect(says(1)).toHaveLength(64);
    expect(says(1)).toBe(says(1));
    expect(says(2)).not.toBe(says(1));
    expect(visit(3)).toBeUndefined();
  });

  test("scans leave at once, one way or the other; a half-open connection says nothing; a slow loris never ends", () => {
    const scan = visits({ what: "scan" });
    expect(new Set(Array.from({ length: 20 }, (_, n) => scan(n + 1)?.end))).toEqual(new Set(["close", "reset"]));
    expect(visits({ what: "half-open" })(1)).toMatchObject({ says: [], end: "stay" });
    const request = visits({ what: "slow-loris", pace: "2s" })(1)?.says ?? [];
    const lines = [...Iterator.from(request).take(1000)];
    expect(lines.map(({ after }) => after)).toEqual([0, ...Array.from({ length: 999 }, () => 2000)]);
    expect(lines.map(({ bytes }) => Buffer.from(bytes).toString()).join("")).not.toContain("\r\n\r\n");
  });
});

describe("slow-connect", () => {
  test("delays the dial, and nothing else", () => {
    const says = conversation(slowConnect, { delay: "2s" });
    expect([open, data(1, 0, "a"), tick(2), fin(3), rst(4)].map(says)).toEqual([
      ["2000 open"],
      ["as it is"],
      ["as it is"],
      ["as it is"],
      ["as it is"],
    ]);
  });
});

describe("bandwidth that is shared", () => {
  const parameters = bandwidth.parameters.parse({ rate: "100B/s", shared: true });
  const shared: Record<string, number> = {};
  const meet = (direction: "upstream" | "downstream") => {
    const context = { since: 0, others: 0, shared, direction, draw: stream(1, ["bandwidth"]) } as const;
    const state = bandwidth.start(parameters, context);
    return (due: number, offset: number, bytes: number) =>
      [bandwidth.map({ type: "data", due, offset, bytes: Buffer.alloc(bytes) }, state, parameters, context)]
        .flat()
        .at(-1)?.due;
  };

  test("is one queue for all connections and one for each direction, in which nobody who asks again queues twice", () => {
    const [one, other, back] = [meet("downstream"), meet("downstream"), meet("upstream")];
    expect(one(0, 0, 50)).toBe(500);
    expect(other(0, 0, 10)).toBe(600);
    expect(back(0, 0, 10)).toBe(100);
    // Judged again: the same place in the queue, and the others lose nothing.
    expect(one(0, 0, 50)).toBe(500);
    expect(other(0, 0, 10)).toBe(600);
    expect(other(0, 10, 10)).toBe(700);
    expect(one(2000, 50, 10)).toBe(2100);
  });
});

/** At which bytes of a stream of zeros, in chunks of so many bytes, is something else; and what. */
function spoilt(parameters: object, chunk: number, length = 4096): readonly (readonly [number, number])[] {
  const parsed = corrupt.parameters.parse(parameters);
  const context = { since: 0, direction: "downstream", others: 0, shared: {}, draw: stream(1, ["corrupt"]) } as const;
  const state = corrupt.start(parsed, context);
  const got: [number, number][] = [];
  for (let offset = 0; offset < length; offset += chunk) {
    const bytes = new Uint8Array(Math.min(chunk, length - offset));
    const out = corrupt.map({ type: "data", due: 0, offset, bytes }, state, parsed, context) as TcpData;
    expect([out.offset, out.bytes.length]).toEqual([offset, bytes.length]);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    for (const [n, byte] of out.bytes.entries()) if (byte !== 0) got.push([offset + n, byte]);
  }
  return got;
}

describe("corrupt", () => {
  test("turns over one bit in each block that is drawn, however the bytes came", () => {
    const bits = spoilt({ block: "64B", probability: "50%" }, 4096);
    expect(bits.length).toBeGreaterThan(16);
    expect(bits.length).toBeLessThan(48);
    expect(new Set(bits.map(([offset]) => Math.floor(offset / 64))).size).toBe(bits.length);
    for (const [, byte] of bits) expect([1, 2, 4, 8, 16, 32, 64, 128]).toContain(byte);
    for (const chunk of [1, 7, 100]) expect(spoilt({ block: "64B", probability: "50%" }, chunk)).toEqual(bits);
  });

  test("changes a byte, or every byte of a range, at a given place", () => {
    expect(spoilt({ what: "byte", at: "10B" }, 7).map(([offset]) => offset)).toEqual([10]);
    expect(spoilt({ what: "range", at: "5B", length: "4B" }, 7).map(([offset]) => offset)).toEqual([5, 6, 7, 8]);
  });

  test("a range stays in its block", () => {
    const offsets = spoilt({ what: "range", length: "1KiB", block: "16B" }, 100, 64).map(([offset]) => offset);
    expect(offsets).toEqual(Array.from({ length: 64 }, (_, n) => n));
  });

  test("has no concern with what it does not change", () => {
    expect(conversation(corrupt, { at: "10B" })(data(0, 0, "abc"))).toEqual(["as it is"]);
    expect(conversation(corrupt, { probability: "0%" })(data(0, 0, "abc"))).toEqual(["as it is"]);
  });
});

const tens = (parameters: object): readonly string[] =>
  conversation(loss, { segment: "10B", delay: "100ms", ...parameters })(data(5, 0, "x".repeat(40)));

/** How many bursts of losses among 2000 segments end. */
const bursts = (correlation: string): number => {
  const dues = conversation(loss, { segment: "1B", delay: "1ms", probability: "50%", correlation })(
    data(0, 0, "x".repeat(2000)),
  ).map(Number.parseFloat);
  return dues.filter((due, n) => due !== dues[n - 1] && dues[n - 1] === dues[n - 2]).length;
};

describe("loss", () => {
  test("each loss right after another takes twice as long, and no byte is missing", () => {
    expect(tens({ probability: "100%" }).map(Number.parseFloat)).toEqual([105, 305, 705, 1505]);
    expect(tens({ probability: "0%" })).toEqual(["as it is"]);
  });

  test("what is behind a lost segment waits as well", () => {
    const dues = conversation(loss, { segment: "10B", delay: "100ms", probability: "30%" })(
      data(5, 0, "x".repeat(400)),
    ).map(Number.parseFloat);
    expect(dues).toHaveLength(40);
    expect(dues).toEqual(dues.toSorted((one, other) => one - other));
    expect(new Set(dues).size).toBeGreaterThan(3);
    expect(new Set(dues).size).toBeLessThan(30);
  });

  test("is decided once a segment, however the bytes came", () => {
    const says = conversation(loss, { segment: "10B", delay: "100ms", probability: "100%" });
    expect([data(0, 0, "abc"), data(1, 3, "def"), data(200, 6, "ghij"), data(200, 10, "k")].map(says)).toEqual([
      ["100 0 abc"],
      ["100 3 def"],
      ["as it is"],
      ["400 10 k"],
    ]);
  });

  test("correlation makes bursts", () => {
    expect(bursts("90%")).toBeLessThan(bursts("0%") / 2);
  });
});

describe("mute", () => {
  test("drops every byte and leaves the connection alone", () => {
    const says = conversation(mute, {});
    expect([open, fin(1), rst(2), tick(3)].map(says)).toEqual(Array.from({ length: 4 }, () => ["as it is"]));
    expect(says(data(4, 0, "abc"))).toEqual([]);
  });
});

describe("close-on-accept", () => {
  test("closes a new connection, and no other", () => {
    const says = conversation(closeOnAccept, {}, 7);
    expect([open, tick(8), data(9, 0, "a")].map(says)).toEqual([["7 close"], ["as it is"], ["as it is"]]);
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

describe("duplicate", () => {
  test("a range comes twice, counted from where the fault met the connection, however the bytes came", () => {
    expect(conversation(duplicate, { at: "1B", length: "3B" })(data(1, 10, "abcdef"))).toEqual([
      "1 10 abcd",
      "1 11 bcd",
      "1 14 ef",
    ]);
    const says = conversation(duplicate, { at: "1B", length: "3B" });
    expect([data(1, 10, "ab"), data(2, 12, "c"), data(3, 13, "d"), data(4, 14, "ef")].map(says)).toEqual([
      ["as it is"],
      ["as it is"],
      ["3 13 d", "3 11 bcd"],
      ["as it is"],
    ]);
  });

  test("what another fault swallowed is not repeated", () => {
    const says = conversation(duplicate, { length: "3B" });
    expect([data(1, 0, "a"), data(2, 2, "cd")].map(says)).toEqual([["as it is"], ["as it is"]]);
  });
});
