import { describe, expect, test } from "vitest";
import { createRig, type Injected, type Rig } from "./link.testing.ts";

describe("a fault has hit when the receiver gets something else, or at another time", () => {
  test("a black hole hits when it holds a byte, a FIN or a reset that could be delivered", () => {
    for (const what of [Buffer.from("a"), "fin", "rst"] as const) {
      const rig = createRig();
      const hole = rig.inject("tcp.blackhole");
      rig.link.receive(what);
      expect(hole.hits()).toBe(1);
    }
  });

  test("a black hole toward the client hits nothing on a connection where nothing comes", () => {
    const rig = createRig({ faultsBefore: [{ kind: "tcp.blackhole" }] });
    rig.clock.advance(1000);
    expect(rig.hits).toEqual([]);
  });

  test("a black hole toward the server keeps it from being dialled, which is a hit", () => {
    const rig = createRig({ ready: false, faultsBefore: [{ kind: "tcp.blackhole" }] });
    expect(rig.log).toEqual([]);
    expect(rig.hits).toEqual(["tcp.blackhole open"]);
  });

  test("a reset hits a new connection in either direction", () => {
    for (const ready of [true, false]) {
      const rig = createRig({ ready, faultsBefore: [{ kind: "tcp.reset" }] });
      expect(rig.log).toEqual([{ at: 0, got: "rst by fault" }]);
      expect(rig.hits).toHaveLength(1);
    }
  });

  test("latency hits nothing while the receiver takes nothing for longer", () => {
    const rig = createRig();
    rig.full = true;
    rig.send("fills it");
    const { hits, lift } = rig.inject("tcp.latency", { delay: "100ms" });
    rig.send("waits");
    rig.clock.advance(5000);
    rig.drain();
    expect(rig.text()).toBe("fills itwaits");
    lift();
    expect(hits()).toBe(0);
  });

  test("latency behind a black hole hits nothing until that is gone", () => {
    const rig = createRig();
    const hole = rig.inject("tcp.blackhole");
    const latency = rig.inject("tcp.latency", { delay: "10ms" });
    rig.send("held");
    rig.clock.advance(1000);
    expect([latency.hits(), hole.hits()]).toEqual([0, 1]);
    hole.lift();
    expect(rig.text()).toBe("");
    expect(latency.hits()).toBe(1);
  });

  test("a black hole behind latency hits when that would have let go, which is found out when it ends at the latest", () => {
    const ends = [
      (rig: Rig) => rig.link[Symbol.dispose](),
      (rig: Rig) => void rig.inject("tcp.reset"),
      (_rig: Rig, hole: Injected) => hole.lift(),
    ];
    for (const end of ends) {
      const rig = createRig();
      rig.inject("tcp.latency", { delay: "10ms" });
      const hole = rig.inject("tcp.blackhole");
      rig.send("held");
      expect(hole.hits()).toBe(0);
      rig.clock.advance(1000);
      end(rig, hole);
      expect(hole.hits()).toBe(1);
    }
  });

  test("the shorter of two delays hits when the longer would have been over", () => {
    const rig = createRig();
    rig.inject("tcp.latency", { delay: "100ms" });
    const second = rig.inject("tcp.latency", { delay: "50ms" });
    rig.send("a");
    rig.clock.advance(90);
    expect(second.hits()).toBe(0);
    rig.clock.advance(30);
    second.lift();
    expect(rig.log).toEqual([{ at: 120, got: "a" }]);
    expect(second.hits()).toBe(1);
  });

  test("of two black holes the earlier one counts, and the later one from when it holds alone", () => {
    const rig = createRig();
    const first = rig.inject("tcp.blackhole");
    const second = rig.inject("tcp.blackhole");
    rig.send("held");
    expect([first.hits(), second.hits()]).toEqual([1, 0]);
    first.lift();
    expect([first.hits(), second.hits()]).toEqual([1, 1]);
  });

  test("of two resets the earlier one counts", () => {
    const rig = createRig({ faultsBefore: [{ kind: "tcp.reset" }, { kind: "tcp.reset" }] });
    expect(rig.hits).toHaveLength(1);
  });

  test("truncation that another fault still holds back has not hit yet", () => {
    const rig = createRig();
    const truncate = rig.inject("tcp.truncate", { after: "2B" });
    rig.inject("tcp.latency", { delay: "1s" });
    rig.send("abcd");
    expect(truncate.hits()).toBe(0);
    rig.clock.advance(1000);
    expect(truncate.hits()).toBe(1);
  });

  test("of two strangers the later one is met; two that are one and the same count once, for the earlier", () => {
    const elsewhere = createRig({
      ready: false,
      faultsBefore: [
        { kind: "tcp.stranger", parameters: { to: "a.test:1" } },
        { kind: "tcp.stranger", parameters: { to: "b.test:1" } },
      ],
    });
    expect([elsewhere.log, elsewhere.hits]).toEqual([[{ at: 0, got: "open b.test:1" }], ["tcp.stranger open"]]);
    const same = { kind: "tcp.stranger", parameters: { to: "a.test:1" } };
    const once = createRig({ ready: false, faultsBefore: [same, same] });
    expect([once.log, once.hits]).toEqual([[{ at: 0, got: "open a.test:1" }], ["tcp.stranger open"]]);
  });

  test("a stranger behind a slow connect is met when it is over, and a stranger who has gone by then is not", () => {
    const slow = { kind: "tcp.slow-connect", parameters: { delay: "100ms" } };
    for (const goes of [false, true]) {
      const rig = createRig({ ready: false, faultsBefore: [slow] });
      const { lift, hits } = rig.inject("tcp.stranger", { to: "a.test:1" });
      if (goes) lift();
      rig.clock.advance(100);
      expect(rig.log).toEqual([{ at: 100, got: goes ? "open" : "open a.test:1" }]);
      expect(hits()).toBe(goes ? 0 : 1);
    }
  });

  test("slices without pauses are hits: the receiver reads parts", () => {
    const rig = createRig();
    const whole = rig.inject("tcp.slicer", { size: "1KiB" });
    const sliced = rig.inject("tcp.slicer", { size: "2B" });
    rig.send("abcd");
    expect([whole.hits(), sliced.hits()]).toEqual([0, 1]);
  });

  test("a fault hits once, however much it changes", () => {
    const rig = createRig();
    const { hits } = rig.inject("tcp.latency", { delay: "1ms" });
    for (let n = 0; n < 10; n += 1) {
      rig.send("x");
      rig.clock.advance(1);
    }
    expect(hits()).toBe(1);
  });
});
