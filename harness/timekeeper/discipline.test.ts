/** What ntpd makes of offsets, one at a time: the rows of RFC 5905's table of clock states. */
import { describe, expect, test } from "vitest";
import { createDiscipline, type Discipline } from "./discipline.ts";
import { policies } from "./policy.ts";

const second = 1000;
const spikeMs = 400;

/** Tells each offset at its time, in seconds, and says what is done. */
function told(discipline: Discipline, ...offsets: readonly (readonly [at: number, offsetMs: number])[]): string[] {
  return offsets.map(([at, offsetMs]) => discipline.update(offsetMs, at * second, 64 * second).type);
}

const ntpd = (): Discipline => createDiscipline(policies.ntpd);

describe("an offset beyond the step threshold", () => {
  test("is stepped at once where it is the first of all", () => {
    expect(told(ntpd(), [0, 3_600_000])).toEqual(["step"]);
  });

  test("is a spike, and one within the threshold makes an end of it, as often as that happens", () => {
    const spikes = [
      [64, spikeMs],
      [128, spikeMs],
      [192, 1],
      [256, -spikeMs],
      [320, 1],
    ] as const;
    expect(told(ntpd(), [0, 1], ...spikes)).toEqual(["slew", "spike", "wait", "slew", "spike", "slew"]);
  });

  test("that lasts is stepped when nothing else has come for 300 s", () => {
    const lasting = [64, 128, 192, 256, 299, 300].map((at) => [at, spikeMs] as const);
    expect(told(ntpd(), [0, 1], ...lasting)).toEqual(["slew", "spike", "wait", "wait", "wait", "wait", "step"]);
  });

  test("is a spike however long ago the last one was, and the second steps then", () => {
    expect(told(ntpd(), [0, 1], [1024, spikeMs], [2048, 1], [3072, spikeMs], [4096, spikeMs])).toEqual([
      "slew",
      "spike",
      "slew",
      "spike",
      "step",
    ]);
  });

  test("counts anew behind a step", () => {
    expect(told(ntpd(), [0, 1], [200, spikeMs], [301, spikeMs], [310, -spikeMs], [600, -spikeMs], [601, 0])).toEqual([
      "slew",
      "spike",
      "step",
      "spike",
      "wait",
      "slew",
    ]);
  });

  test("lasts for 900 s before it is stepped, with the stepout of old ntpd", () => {
    const old = createDiscipline({ ...policies.ntpd, stepoutMs: 900 * second });
    expect(told(old, [0, 1], [64, spikeMs], [899, spikeMs], [900, spikeMs])).toEqual(["slew", "spike", "wait", "step"]);
  });

  test("ends ntpd where it is beyond 1000 s, spike or not", () => {
    expect(told(ntpd(), [0, 1], [64, 1_000_001])).toEqual(["slew", "panic"]);
  });

  test("is no spike to chrony and timesyncd, which step and slew it by their own rules", () => {
    expect(told(createDiscipline(policies.timesyncd), [0, 1], [64, 500])).toEqual(["slew", "step"]);
    expect(told(createDiscipline(policies.chrony), [0, 1], [64, 1500], [128, 0], [192, 1500])).toEqual([
      "slew",
      "step",
      "slew",
      "slew",
    ]);
  });
});

describe("without a drift file", () => {
  test("what comes within the first 300 s is let be, and what the offset is then is the error of the frequency", () => {
    const discipline = createDiscipline(policies.ntpd, false);
    expect(told(discipline, [0, 1], [64, 2], [128, spikeMs], [299, 9])).toEqual(["slew", "wait", "wait", "wait"]);
    // 30 ms in 300 s are 100 ppm.
    const measured = discipline.update(30, 300 * second, 64 * second);
    expect(measured).toMatchObject({ type: "slew", afterwards: 1e-4 });
    expect(told(discipline, [364, spikeMs], [428, 1])).toEqual(["spike", "slew"]);
  });

  test("the first offset is stepped as well, and one that is too large after 300 s", () => {
    const discipline = createDiscipline(policies.ntpd, false);
    expect(told(discipline, [0, 5000], [64, 5000], [300, 5000], [364, 5000])).toEqual([
      "step",
      "wait",
      "step",
      "spike",
    ]);
  });
});
