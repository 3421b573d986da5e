import { describe, expect, test } from "vitest";
import { parseText, problemsIn } from "./plan.testing.ts";

const plan = (step: string, timekeeper = "{ servers: [time] }", link = "proto: ntp"): string => `plan: p
services:
  a: { command: [a], timekeeper: ${timekeeper} }
  b: { command: [b] }
links:
  time: { from: a, to: b, ${link} }
  page: { from: a, to: b, proto: http, port: 80 }
phases: [{ name: x, for: 1s, faults: [{ ${step} }] }]
`;

/** The words that were to be found, or all that was said instead. */
const told = (problems: readonly string[], wanted: string | undefined): string | undefined => {
  const all = problems.join("\n");
  return wanted !== undefined && all.includes(wanted) ? wanted : all === "" ? undefined : all;
};

describe("links of proto ntp", () => {
  test("have the port 123 unless they say another one; all others have to say theirs", async () => {
    expect((await parseText(plan("ntp.mode: { to: 3 }"))).links["time"]?.port).toBe(123);
    expect(
      (await parseText(plan("ntp.mode: { to: 3 }", undefined, "proto: ntp, port: 1123"))).links["time"]?.port,
    ).toBe(1123);
    expect(String(await problemsIn(plan("http.abort: {}", "{ servers: [time] }", "proto: udp")))).toContain(
      "links.time.port: write the port of the server, such as 443",
    );
  });

  test.each([
    ["ntp.step: { by: -40s }", undefined],
    ["ntp.step: { to: 0s }", undefined],
    ["ntp.step: { by: { cycle: [40s, -40s] } }, every: 5s", undefined],
    ["ntp.step: {}", "write exactly one of by and to"],
    ["ntp.step: { by: 40s, to: 1s }", "write exactly one of by and to"],
    ["ntp.step: { by: 40 }", "write a duration with its unit, such as 40s, or -40s for one that goes back"],
    ["ntp.step: { by: 40s }, nth: 3", "leave out nth: this fault steps the server's time"],
    ["ntp.step: { by: 40s }, for: 5s", "leave out for"],
    ["ntp.root: {}", "write at least one of delay and dispersion"],
    ["ntp.root: { delay: 1s, dispersion: 1s }", undefined],
    ["ntp.asymmetric_delay: {}", "write at least one of out and back"],
    ["ntp.asymmetric_delay:", "ntp.asymmetric_delay: write"],
    ["ntp.asymmetric_delay: { out: 5s }", undefined],
    ["ntp.blocked: {}", "write may_miss: true"],
    ["ntp.blocked: {}, may_miss: true", undefined],
    ["ntp.drop: {}, every_nth: 2", undefined],
    ["ntp.drop: {}, direction: upstream", "leave out direction: ntp faults say by themselves"],
    ["ntp.drop: {}, where: page", "page is a link of proto: http, on which ntp faults do not act"],
    ["udp.loss: { r: 5% }, where: time", "udp.loss: write at least one of probability and p"],
    ["udp.loss: { probability: 5% }, where: time", "write a fault of ntp"],
    ["timekeeper.starve: { every: 2h }, where: a", undefined],
  ])("%s: %s", async (step, problem) => {
    const problems = await problemsIn(plan(step));
    expect(told(problems, problem)).toBe(problem);
  });
});

describe("a timekeeper", () => {
  test.each([
    ["{ policy: chrony, servers: [time], poll: 64s }", undefined],
    ["{ servers: [time], stepout: 900s, drift_file: false }", undefined],
    ["{ policy: timesyncd, servers: [time], drift_file: true }", "leave out drift_file: it is for policy: ntpd"],
    ["{ servers: [page] }", "page is no link with from: a and proto: ntp: there are time"],
    ["{ servers: [] }", "write at least one link with proto: ntp"],
    ["{ policy: openntpd, servers: [time] }", "write ntpd, chrony, timesyncd"],
  ])("%s: %s", async (timekeeper, problem) => {
    const problems = await problemsIn(plan("none: {}", timekeeper));
    expect(told(problems, problem)).toBe(problem);
  });
});
