/** Faults that make bytes and ends late. */
import { describe, expect, test } from "vitest";
import { stream } from "../random.ts";
import { bandwidth } from "./bandwidth.ts";
import { drip } from "./drip.ts";
import { latency } from "./latency.ts";
import { loss } from "./loss.ts";
import { slicer } from "./slicer.ts";
import { slowClose } from "./slow-close.ts";
import { slowConnect } from "./slow-connect.ts";
import { conversation, data, fin, open, rst, tick } from "./tcp.testing.ts";

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

describe("slow-close", () => {
  test("delays the end alone", () => {
    const says = conversation(slowClose, { delay: "3s" });
    expect([open, data(1, 0, "a"), rst(2), tick(3)].map(says)).toEqual(Array.from({ length: 4 }, () => ["as it is"]));
    expect(says(fin(4))).toEqual(["3004 fin"]);
    expect(conversation(slowClose, { delay: "0s" })(fin(4))).toEqual(["as it is"]);
  });
});
