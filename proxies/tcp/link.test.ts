import { describe, expect, test } from "vitest";
import { createBudget } from "./budget.ts";
import { createRig, type Rig } from "./link.testing.ts";

describe("a link without faults", () => {
  test("passes bytes straight on, and FIN behind them", () => {
    const { send, link, log } = createRig();
    send("hello");
    link.receive("fin");
    expect(log).toEqual([
      { at: 0, got: "hello" },
      { at: 0, got: "fin" },
    ]);
  });

  test("bytes wait until the sink is open", () => {
    const { send, link, log, text } = createRig({ ready: false });
    send("early");
    expect(log).toEqual([{ at: 0, got: "open" }]);
    link.ready();
    expect(text()).toBe("early");
  });

  test("a full sink pauses the source at once, until it is drained", () => {
    const rig = createRig();
    rig.send("first");
    expect(rig.paused()).toBe(false);
    rig.full = true;
    rig.send("second");
    expect(rig.paused()).toBe(true);
    rig.send("on its way already");
    expect(rig.text()).toBe("firstsecond");
    rig.drain();
    expect([rig.paused(), rig.text()]).toEqual([false, "firstsecondon its way already"]);
  });

  test("a source's reset overtakes what is held", () => {
    const rig = createRig();
    rig.full = true;
    rig.send("first");
    rig.send("second");
    rig.link.receive("rst");
    expect(rig.log.map(({ got }) => got)).toEqual(["first", "rst"]);
  });
});

/** How many bytes were sent until the source was paused; no more than 64 MiB. */
function untilPaused(rig: Rig, text: string): number {
  let sent = 0;
  for (; !rig.paused() && sent < 64 * 1024 * 1024; sent += text.length) rig.send(text);
  return sent;
}

describe("what a link holds", () => {
  const chunk = "x".repeat(64 * 1024);
  test.each(["tcp.slicer: full sink", "tcp.bandwidth", "tcp.blackhole"])(
    "%s: a mebibyte, until half of it is gone",
    (what) => {
      const rig = createRig();
      const [kind = ""] = what.split(":");
      const injected = rig.inject(kind, { "tcp.slicer": { size: "64KiB" }, "tcp.bandwidth": { rate: "1B/s" } }[kind]);
      rig.full = what.endsWith("full sink");
      const sent = untilPaused(rig, chunk);
      expect(sent).toBeGreaterThanOrEqual(1024 * 1024);
      expect(sent).toBeLessThan(1.25 * 1024 * 1024);
      injected.lift();
      rig.drain();
      rig.clock.advance(0);
      expect(rig.paused()).toBe(false);
      expect(rig.text().length).toBe(sent);
    },
  );

  test("many tiny chunks count for more than their bytes", () => {
    const rig = createRig();
    rig.inject("tcp.blackhole");
    expect(untilPaused(rig, "x")).toBeLessThan(5000);
  });

  test("what is late by the way and not by a queue does not keep the sender from sending on", () => {
    const rig = createRig();
    rig.inject("tcp.latency", { delay: "50ms" });
    expect(untilPaused(rig, chunk)).toBe(64 * 1024 * 1024);
  });

  test("the bandwidth times the delay, where both are known", () => {
    const rig = createRig();
    rig.inject("tcp.latency", { delay: "100ms" });
    rig.inject("tcp.bandwidth", { rate: "40MiB/s" });
    const sent = untilPaused(rig, chunk);
    expect(sent).toBeGreaterThan(4.75 * 1024 * 1024);
    expect(sent).toBeLessThan(5.25 * 1024 * 1024);
  });

  test("a receiver that does not read stops the sender, whatever is under way", () => {
    const rig = createRig();
    rig.inject("tcp.latency", { delay: "50ms" });
    rig.send("first");
    rig.full = true;
    rig.clock.advance(50);
    for (let n = 0; n < 64; n++) rig.send(chunk);
    expect(rig.paused()).toBe(false);
    rig.clock.advance(51);
    rig.send(chunk);
    expect(rig.paused()).toBe(true);
    rig.drain();
    expect(rig.paused()).toBe(false);
  });

  test("all together no more than their budget; whoever waits for room goes on when there is some", async () => {
    const budget = createBudget(8 * 1024 * 1024);
    const [greedy, other] = [createRig({ budget }), createRig({ budget })];
    for (const rig of [greedy, other]) rig.inject("tcp.latency", { delay: "50ms" });
    expect(untilPaused(greedy, chunk)).toBeLessThan(8.25 * 1024 * 1024);
    expect(untilPaused(other, chunk)).toBeLessThan(1.25 * 1024 * 1024);
    greedy.clock.advance(50);
    await Promise.resolve();
    expect([greedy.paused(), other.paused()]).toEqual([false, false]);
    other.link[Symbol.dispose]();
    untilPaused(greedy, chunk);
    greedy.link[Symbol.dispose]();
    expect(budget.held()).toBe(0);
  });

  test("lent memory is given back when the sink has taken all of it", () => {
    const rig = createRig();
    let back = 0;
    const lend = (bytes: Uint8Array): void => rig.link.receive(bytes, () => void (back += 1));
    lend(Buffer.from("first"));
    expect(back).toBe(1);
    rig.full = true;
    lend(Buffer.from("second"));
    lend(new Uint8Array(Buffer.from("third")));
    expect([back, rig.text()]).toEqual([1, "firstsecond"]);
    rig.full = false;
    rig.drain();
    expect([back, rig.text()]).toEqual([3, "firstsecondthird"]);
  });

  test("a fault that holds lent memory has it until it is lifted, and little of much is copied", () => {
    const rig = createRig();
    const injected = rig.inject("tcp.blackhole");
    let back = 0;
    const memory = new Uint8Array(100).fill(1);
    rig.link.receive(memory, () => void (back += 1));
    rig.link.receive(memory.subarray(0, 50), () => void (back += 1));
    expect(back).toBe(1);
    injected.lift();
    expect(back).toBe(2);
    injected.lift();
    rig.link[Symbol.dispose]();
    rig.link.receive(memory, () => void (back += 1));
    expect(back).toBe(3);
  });

  test.each([
    ["the connection is disposed of", (rig: Rig) => rig.link[Symbol.dispose]()],
    ["its source resets", (rig: Rig) => rig.link.receive("rst")],
    ["a fault resets it", (rig: Rig) => rig.inject("tcp.reset")],
    ["a fault ends it", (rig: Rig) => rig.inject("tcp.limit", { bytes: "1B" })],
  ])("lent memory is given back when %s: of what waits, nothing is delivered any more", (_, finish) => {
    const rig = createRig();
    rig.full = true;
    let back = 0;
    for (let n = 0; n < 3; n += 1) rig.link.receive(new Uint8Array(100), () => void (back += 1));
    expect(back).toBe(0);
    finish(rig);
    rig.full = false;
    rig.drain();
    expect(back).toBe(3);
  });
});

test("what falls due between two looks at the clock is not forgotten", () => {
  const rig = createRig({ creep: 0.1 });
  rig.inject("tcp.drip", { rate: "32kB/s" });
  rig.send("x".repeat(32_000));
  rig.clock.advance(2000);
  expect(rig.text().length).toBe(32_000);
});

describe("latency", () => {
  test("bytes that are under way together wait side by side", () => {
    const rig = createRig();
    rig.inject("tcp.latency", { delay: "100ms" });
    rig.send("a");
    rig.clock.advance(60);
    rig.send("b");
    rig.link.receive("fin");
    rig.clock.advance(1000);
    expect(rig.log).toEqual([
      { at: 100, got: "a" },
      { at: 160, got: "b" },
      { at: 160, got: "fin" },
    ]);
    expect(rig.hits[0]).toBe("tcp.latency data");
  });

  test("lifting it lets go at once of what it held", () => {
    const rig = createRig();
    const { lift } = rig.inject("tcp.latency", { delay: "100ms" });
    rig.send("a");
    rig.clock.advance(30);
    lift();
    expect(rig.log).toEqual([{ at: 30, got: "a" }]);
  });

  test("another fault that comes and goes does not start it again", () => {
    const rig = createRig();
    rig.inject("tcp.latency", { delay: "100ms" });
    rig.send("a");
    rig.clock.advance(60);
    const { lift } = rig.inject("tcp.slicer", { size: "1KiB" });
    rig.clock.advance(20);
    lift();
    rig.clock.advance(1000);
    expect(rig.log).toEqual([{ at: 100, got: "a" }]);
  });

  test("a source's reset is late, too", () => {
    const rig = createRig();
    rig.inject("tcp.latency", { delay: "100ms" });
    rig.send("a");
    rig.clock.advance(10);
    rig.link.receive("rst");
    rig.clock.advance(1000);
    expect(rig.log).toEqual([
      { at: 100, got: "a" },
      { at: 110, got: "rst" },
    ]);
  });
});

describe("bandwidth", () => {
  test("another fault that comes and goes grants no burst", () => {
    const plain = createRig();
    const toggled = createRig();
    for (const rig of [plain, toggled]) {
      rig.inject("tcp.bandwidth", { rate: "1kB/s" });
      for (let n = 0; n < 10; n += 1) rig.send("x".repeat(100));
    }
    for (let n = 0; n < 40; n += 1) {
      const { lift } = toggled.inject(
        n % 2 === 0 ? "tcp.slicer" : "tcp.blackhole",
        n % 2 === 0 ? { size: "64KiB" } : {},
      );
      // The hole opens and closes between two bytes' times: nothing that it holds would have come out meanwhile.
      if (n % 2 === 0) toggled.clock.advance(50);
      lift();
      plain.clock.advance(n % 2 === 0 ? 50 : 0);
    }
    expect(toggled.times()).toEqual(plain.times());
  });

  test("what a black hole before it has held comes at the bandwidth's rate", () => {
    const rig = createRig();
    const hole = rig.inject("tcp.blackhole");
    rig.inject("tcp.bandwidth", { rate: "1kB/s" });
    for (let n = 0; n < 10; n += 1) rig.send("x".repeat(100));
    rig.clock.advance(60_000);
    expect(rig.text()).toBe("");
    hole.lift();
    rig.clock.advance(500);
    expect(rig.text().length).toBe(500);
    rig.clock.advance(500);
    expect(rig.text().length).toBe(1000);
  });

  test("when it is injected into a connection, what is out is out and the rest is slow", () => {
    const rig = createRig();
    const { lift } = rig.inject("tcp.drip", { rate: "100B/s", chunk: "10B" });
    rig.send("x".repeat(100));
    rig.clock.advance(500);
    expect(rig.text().length).toBe(50);
    rig.inject("tcp.bandwidth", { rate: "10B/s" });
    lift();
    rig.clock.advance(1000);
    expect(rig.text().length).toBe(60);
  });
});

describe("a black hole", () => {
  test("a held item resumes after the fault that held it", () => {
    const rig = createRig();
    const first = rig.inject("tcp.blackhole");
    const second = rig.inject("tcp.blackhole");
    rig.send("held");
    rig.link.receive("fin");
    first.lift();
    rig.clock.advance(1e6);
    expect(rig.log).toEqual([]);
    second.lift();
    expect(rig.log.map(({ got }) => got)).toEqual(["held", "fin"]);
  });

  test("pauses the sender when it has swallowed a mebibyte", () => {
    const rig = createRig();
    const { lift } = rig.inject("tcp.blackhole");
    for (let n = 0; n < 17; n += 1) rig.send("x".repeat(64 * 1024));
    expect(rig.paused()).toBe(true);
    lift();
    expect(rig.paused()).toBe(false);
    expect(rig.text().length).toBe(17 * 64 * 1024);
  });

  test("a new connection is not even opened until it is lifted", () => {
    const rig = createRig({ ready: false });
    expect(rig.log).toEqual([{ at: 0, got: "open" }]);
    const other = createRig({ ready: true });
    const { lift } = other.inject("tcp.blackhole");
    other.link.receive("rst");
    other.clock.advance(1000);
    expect(other.log).toEqual([]);
    lift();
    expect(other.log).toEqual([{ at: 1000, got: "rst" }]);
  });

  test("is not in the way of another fault's reset", () => {
    const rig = createRig();
    rig.inject("tcp.blackhole");
    rig.send("held");
    rig.inject("tcp.reset", { after: "1s" });
    rig.clock.advance(5000);
    expect(rig.log).toEqual([{ at: 1000, got: "rst by fault" }]);
  });
});

describe("reset and truncate", () => {
  test("an idle connection is reset at once, and one with `after` at its time", () => {
    const now = createRig();
    now.clock.advance(5);
    now.inject("tcp.reset");
    expect(now.log).toEqual([{ at: 5, got: "rst by fault" }]);
    const later = createRig();
    later.inject("tcp.reset", { after: "2s" });
    later.clock.advance(500);
    later.inject("tcp.latency", { delay: "1s" });
    later.clock.advance(5000);
    expect(later.log).toEqual([{ at: 2000, got: "rst by fault" }]);
    expect(later.clock.timers()).toBe(0);
  });

  test("a reset that is lifted before its time never comes", () => {
    const rig = createRig();
    const { lift } = rig.inject("tcp.reset", { after: "2s" });
    rig.clock.advance(1999);
    lift();
    rig.clock.advance(5000);
    expect(rig.log).toEqual([]);
    expect(rig.clock.timers()).toBe(0);
  });

  test("a reset behind a byte waits for the bandwidth to bring that byte", () => {
    const rig = createRig();
    rig.inject("tcp.reset", { after_bytes: "50B" });
    rig.inject("tcp.bandwidth", { rate: "100B/s" });
    rig.send("x".repeat(80));
    rig.clock.advance(10_000);
    expect(rig.text().length).toBe(50);
    expect(rig.log.at(-1)).toEqual({ at: 500, got: "rst by fault" });
  });

  test("a reset behind a byte waits until the kernel has that byte", () => {
    const rig = createRig();
    rig.inject("tcp.reset", { after_bytes: "5B" });
    rig.full = true;
    rig.send("hello, world");
    rig.inject("tcp.latency", { delay: "0ms" });
    expect(rig.log.map(({ got }) => got)).toEqual(["hello"]);
    expect(rig.watchers()).toBe(1);
    rig.drain();
    expect(rig.log.map(({ got }) => got)).toEqual(["hello", "rst by fault"]);
  });

  test("bytes are counted from where the fault met the connection", () => {
    const rig = createRig();
    rig.send("before");
    rig.inject("tcp.truncate", { after: "3B" });
    rig.send("abcdef");
    rig.send("ghi");
    rig.link.receive("fin");
    expect(rig.log.map(({ got }) => got)).toEqual(["before", "abc", "fin by fault"]);
  });

  test("a cut that has not come yet is taken back when the fault is lifted", () => {
    const rig = createRig();
    const truncate = rig.inject("tcp.truncate", { after: "3B" });
    const latency = rig.inject("tcp.latency", { delay: "1s" });
    rig.send("abcdef");
    truncate.lift();
    latency.lift();
    rig.link.receive("fin");
    expect(rig.text()).toBe("abcdef");
    expect(rig.log.at(-1)?.got).toBe("fin");
    expect(truncate.hits()).toBe(0);
  });

  test("a cut that comes late, when the source has ended long since, is the fault's nevertheless", () => {
    const rig = createRig();
    rig.inject("tcp.truncate", { after: "3B" });
    rig.inject("tcp.latency", { delay: "1s" });
    rig.send("abcdef");
    rig.link.receive("fin");
    rig.clock.advance(1000);
    expect(rig.log.map(({ got }) => got)).toEqual(["abc", "fin by fault"]);
  });

  test("a connection that is half closed can still be reset", () => {
    const rig = createRig();
    rig.link.receive("fin");
    rig.inject("tcp.reset", { after: "1s" });
    rig.clock.advance(1000);
    expect(rig.log.map(({ got }) => got)).toEqual(["fin", "rst by fault"]);
  });
});

describe("timers", () => {
  test("there is one at most, and none when the link is disposed", () => {
    const rig = createRig();
    rig.inject("tcp.latency", { delay: "100ms" });
    rig.inject("tcp.reset", { after: "10s" });
    for (let n = 0; n < 100; n += 1) {
      rig.send("x");
      rig.clock.advance(1);
      expect(rig.clock.timers()).toBe(1);
    }
    rig.link[Symbol.dispose]();
    expect(rig.clock.timers()).toBe(0);
  });

  test("a wait longer than timers can be is several", () => {
    const rig = createRig();
    rig.inject("tcp.latency", { delay: "100d" });
    rig.send("at last");
    rig.clock.advance(100 * 86_400_000);
    expect(rig.log).toEqual([{ at: 100 * 86_400_000, got: "at last" }]);
  });
});

describe("a range that comes twice", () => {
  test("does so once, whatever else comes and goes meanwhile, and is a hit", () => {
    const rig = createRig();
    const twice = rig.inject("tcp.duplicate", { at: "1B", length: "4B" });
    const slow = rig.inject("tcp.drip", { rate: "1kB/s", chunk: "1B" });
    rig.send("abcdef");
    rig.clock.advance(7);
    expect(rig.text()).toBe("abcdebc");
    rig.inject("tcp.slicer", { size: "1KiB" });
    slow.lift();
    rig.clock.advance(1000);
    rig.send("gh");
    expect(rig.text()).toBe("abcdebcdefgh");
    expect(twice.hits()).toBe(1);
  });
});
