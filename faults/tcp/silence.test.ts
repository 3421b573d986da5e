/** Faults that hold or swallow what comes. */
import { describe, expect, test } from "vitest";
import { blackhole } from "./blackhole.ts";
import { mute } from "./mute.ts";
import { stall } from "./stall.ts";
import { conversation, data, fin, open, rst, tick } from "./tcp.testing.ts";

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

describe("mute", () => {
  test("drops every byte and leaves the connection alone", () => {
    const says = conversation(mute, {});
    expect([open, fin(1), rst(2), tick(3)].map(says)).toEqual(Array.from({ length: 4 }, () => ["as it is"]));
    expect(says(data(4, 0, "abc"))).toEqual([]);
  });
});
