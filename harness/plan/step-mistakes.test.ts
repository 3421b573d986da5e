/** What is said of a step that is wrong. */
import { describe, expect, test } from "vitest";
import { problemsIn, twoServices } from "./plan.testing.ts";

/** A plan with one step. */
const withStep = (step: string): string =>
  `plan: p\n${twoServices}\nparams: { gap: { default: 2ms } }\nsteady: [{ always: node.alive }]\nphases:\n  - { name: warm-up, until: steady, timeout: 1m }\n  - name: storm\n    for: 60s\n    faults:\n      - ${step}\n`;

describe("one mistake in a step, one sentence", () => {
  test.each([
    ["tcp.latency: { delay: 250 }", "tcp.latency.delay: write a duration with its unit, such as 250ms, 3s or 2m"],
    [
      "tcp.latency: { delay: -5s }",
      "tcp.latency.delay: -5s is below 0: write a duration with its unit, such as 250ms, 3s or 2m",
    ],
    ["tcp.latency: { delay: 250 ms }", "tcp.latency.delay: write a duration with its unit, such as 250ms, 3s or 2m"],
    ["tcp.latency: {}", "tcp.latency.delay: this is missing: write a duration with its unit, such as 250ms, 3s or 2m"],
    ["tcp.latency: { delay: $gab }", "tcp.latency.delay: there is no parameter gab: did you mean gap?"],
    [
      "tcp.latency: { delay: $Gap }",
      "tcp.latency.delay: write the name of a parameter behind $, in lower case, such as $gap",
    ],
    ["tcp.latency: { delay: =gap }", "tcp.latency.delay: write a space behind =, such as = period + jitter"],
    ["tcp.latency: { delay: = gap + gab }", "tcp.latency.delay: there is no gab here: did you mean gap?"],
    ["tcp.latency: { delay: = 3 }", "tcp.latency.delay: the result is of type int: write a duration with its unit"],
    ["tcp.latency: { delay: 5s..1s }", "tcp.latency.delay: write the lower end first"],
    [
      "tcp.latency: { delay: { unifrom: [1s, 2s] } }",
      "tcp.latency.delay: write a distribution: one of uniform, normal",
    ],
    ["tcp.latency: { delay: { uniform: [1, 2s] } }", "tcp.latency.delay.uniform[0]: write a duration with its unit"],
    ["tcp.latency: { delay: { uniform: [1s] } }", "tcp.latency.delay.uniform: write two values: uniform: [low, high]"],
    ...["yesterday", "1969-12-31", "2026-02-30", "5"].map((time): [string, string] => [
      `clock.boot_at: { time: "${time}" }\n        where: node`,
      time.startsWith("1969") || time.startsWith("2026")
        ? "clock.boot_at.time: write a date from 1970 to 2199"
        : "clock.boot_at.time: write a date, or a date and time of UTC: 1970-01-01, or 2038-01-19T03:14:00Z",
    ]),
    ["clock.sawtooth: { period: 1ms }\n        where: node", "clock.sawtooth.period: write a duration of 10ms or more"],
    ["clock.strobe: { period: 0ms }\n        where: node", "clock.strobe.period: write a duration of 1ms or more"],
    ["tcp.bandwidth: { rate: 1B/s, shared: perhaps }", "tcp.bandwidth.shared: write true or false"],
    ["tcp.latency: [1s]", "tcp.latency: write a map, such as { key: value }"],
    ["process.signal: { signal: HUPP }\n        where: node", "process.signal.signal: write a signal: one of HUP"],
    ["process.signal: { signal: HUP, count: 2.5 }\n        where: node", "process.signal.count: write a whole number"],
    ["process.signal: { signal: HUP }\n        where: fetch", "where: there is no service fetch"],
    ["process.signal: { signal: HUP }", "write where: the service that it acts on; there are node, plc"],
    [
      "process.signal: { signal: HUP }\n        where: { random: 3, of: all }",
      "where.random: there are only 2 to choose from",
    ],
    ["process.signal: { signal: HUP }\n        where: { on_of: all }", "where: write a name, a list of names, all"],
    [
      "tcp.refuse: {}\n        tcp.drip: { rate: 1B/s }",
      "write exactly one fault, such as tcp.latency: { delay: 100ms }",
    ],
    ["tcp.refuse: {}\n        evry: 5s", "evry: there is no key evry here: did you mean every?"],
    ["ntp.kod: {}", "ntp.kod: there is no fault called ntp.kod: did you mean ntp.kiss_of_death?"],
    ["ntp.nothing: {}", "ntp.nothing: there is no fault called ntp.nothing: there are ntp.step, ntp.offset"],
    ["nxdomain: {}", "nxdomain: there is no key nxdomain here: did you mean dns.rcode?"],
    ["tcp.refuse: {}\n        every: 0s", "every: write a time above 0, such as 5s"],
    ["tcp.refuse: {}\n        for: 0s", "for: write a time above 0, such as 5s"],
    ["tcp.limit: {}", "tcp.limit: write at least one of bytes and time"],
    ["tcp.limit:", "tcp.limit: write a map, such as { key: value }"],
    ["tcp.refuse: {}\n        every: { normal: [1ms, 0ms] }", "every: this makes more than 10000 occurrences"],
    [
      "tcp.refuse: {}\n        every: 1ms",
      "every: this makes more than 10000 occurrences: write a longer time, or times",
    ],
    ["tcp.refuse: {}\n        times: 3", "times: leave out times: without every or when the step happens once"],
    [
      "tcp.refuse: {}\n        when: node.exited\n        every: 3s",
      "every: leave out every: this step happens when its condition is true",
    ],
    [
      "tcp.refuse: {}\n        when: node.exited\n        while: node.exited",
      "write only one of when, while and after",
    ],
    ["tcp.refuse: {}\n        when: node.exitd", "when: node has no exitd: did you mean exited?"],
    [
      "tcp.refuse: {}\n        while: node.ping",
      "while: node.ping is an event: write a condition on it, such as node.ping.count > 0",
    ],
    ["tcp.refuse: {}\n        after: nobody", "after: there is no step nobody in this phase or before: there are none"],
    [
      "tcp.refuse: {}\n        after: phase.warmup",
      "after: there is no phase warmup before this one: did you mean warm-up?",
    ],
    ["tcp.refuse: {}\n        after: phase.storm", "after: there is no phase storm before this one: there is warm-up"],
    [
      "tcp.refuse: {}\n        after: tcp.refuse + 3s",
      "after: tcp.refuse waits for this step, and this one for tcp.refuse: write at instead",
    ],
    ["tcp.refuse: {}\n        until: phase.end - 10", "until:"],
    ["tcp.reset: {}\n        probability: 50", "probability: write a share from 0% to 100%, such as 5%"],
    ["tcp.refuse: {}\n        name: storm", "name: there is a phase called storm already: choose another name"],
    [
      "tcp.refuse: {}\n      - tcp.refuse: {}",
      "faults[1]: there is a step called tcp.refuse already: write a name, such as name: second",
    ],
    [
      "tcp.refuse: {}\n      - tcp.drip: { rate: 1B/s }\n        after: tcp.refuse.ended",
      "tcp.refuse lasts to the end of the phase, so that nothing comes after it",
    ],
    ["choose: [{ tcp.refuse: {} }, { process.kill: {} }]", "write faults of one plane in one step"],
    ["choose: [{ weight: 0, tcp.refuse: {} }]", "choose[0].weight: write a weight above 0"],
    ["tcp.refuse: {}\n        direction: both", "leave out direction: this fault shuts the door, for everybody"],
    ["tcp.unanswered: {}\n        nth: 3", "nth: leave out nth: this fault silences the door, for everybody"],
    [
      "tcp.unanswered: {}\n        direction: both",
      "direction: leave out direction: this fault silences the door, for everybody",
    ],
    [
      "tcp.connections: { most: 1 }\n        direction: downstream",
      "direction: leave out direction: tcp.connections acts upstream only, and would hit nothing",
    ],
    [
      "tcp.intruder: { what: scan }\n        first: 3",
      "first: leave out first: this fault makes connections of its own, and chooses among no others",
    ],
    ["choose: []", "choose: write at least one choice"],
    [
      "process.kill: {}\n        where: node\n        for: 3s",
      "for: leave out for: process.kill happens at one moment and has no length",
    ],
    ["process.pause: {}\n        where: node\n        nth: 3", "nth: leave out nth: it chooses connections"],
  ])("%s", async (step, message) => {
    expect(await problemsIn(withStep(step))).toEqual([expect.stringContaining(message)]);
  });
});
