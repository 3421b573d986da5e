import { expect, test } from "vitest";
import { parseText, twoServices } from "../plan/plan.testing.ts";
import { explain } from "./explain.ts";
import { createSchedule } from "./schedule.ts";

const text = `plan: every-kind-of-step
about: >
  States, pulses, what waits for a condition, and what is drawn:
  the whole language on one page, with a sentence that is too long for one line of a terminal.
${twoServices}
steady: [{ always: node.alive }]
params: { flap: { default: { uniform: [5s, 20s] } } }
let: { chunk: { uniform: [1B, 64B] } }
phases:
  - { name: warm-up, until: steady, timeout: 30s }
  - name: storm
    for: 2m
    faults:
      - tcp.drip: { rate: 200B/s, chunk: $chunk }
        name: drip
        at: 30s
        until: phase.end - 30s
      - tcp.latency: { delay: { normal: [100ms, 20ms] }, jitter: 1ms..5ms }
        name: flap
        every: $flap
        for: 4s
        probability: 50%
      - choose:
          - { weight: 3, process.signal: { signal: HUP, count: 1..5 } }
          - { weight: 1, process.kill: {} }
        name: storm-of-signals-of-many-kinds
        where: { one_of: all }
        every: { exponential: 10s }
      - process.restart: {}
        where: node
        when: node.slivers == [] && node.ping.age > 10s
        times: 3
      - process.pause: {}
        where: plc
        after: process.restart + 5s
        for: 2s
  - { name: heal, until: steady, timeout: 60s }
expect:
  - never: node.exited
  - eventually: node.alive
    within: 45s
controls:
  - { service: node, without: reopen-log-on-hup, fails: never node.exited }
requires: [natural-ports]
`;

test("the timeline shows what happens, what is random, how long it takes and what it needs", async () => {
  const plan = await parseText(text);
  const shown = explain(plan, createSchedule(plan, { seed: 7 }));
  expect(shown.split("\n").filter((line) => line.length > 100)).toEqual([]);
  expect(shown).toMatchInlineSnapshot(`
    "every-kind-of-step, seed 7
      States, pulses, what waits for a condition, and what is drawn: the whole language on one page,
      with a sentence that is too long for one line of a terminal.

    warm-up: until steady, 30s at most
    storm: 2m
      drip                      ···············▐█████████████████████████████···············  once
                                tcp.drip on fetch { rate: 200B/s, chunk: 50B }
      flap                      ▐█·······▐██·▐██··▐██·▐██·▐██····▐██·▐██······▐██▐██·····▐██  11 times
                                tcp.latency on fetch { delay: 85.901ms, jitter: 1ms..5ms }
      storm-of-signals-of-man…  |··|······||··|···············|············|···|···||···|··|  13 times
                                process.signal on node { signal: HUP, count: 5 }
      process.restart           when node.slivers == [] && node.ping.age > 10s, 3 times at most
                                on node
      process.pause             5s after process.restart
                                on plc
    heal: until steady, 1m at most

    takes 2m to 3m30s, and up to 45s more for what must follow
    random:
      chunk: between 1B and 64B, once for the whole run: 50B
      flap, every: between 5s and 20s
      flap, delay: normal around 100ms, deviation 20ms
      flap, jitter: between 1ms and 5ms
      flap: on 50% of the connections
      storm-of-signals-of-many-kinds, every: exponential, 10s on average
      storm-of-signals-of-many-kinds: process.signal 75%, process.kill 25%
      storm-of-signals-of-many-kinds, where: 1 of node, plc
      storm-of-signals-of-many-kinds, process.signal count: between 1 and 5
    needs:
      natural-ports
      the command plc (plc)
      a world: local or sim or docker
    controls:
      node without reopen-log-on-hup must fail "never node.exited"
    "
  `);
});

test("a cell of the matrix is named in the first line", async () => {
  const plan = await parseText(`plan: p\nphases: [{ name: storm, for: 60s }]\nmatrix: { how: [one, two] }\n`);
  expect(explain(plan, createSchedule(plan, { seed: 7, cell: { how: "two" } }))).toContain('p, seed 7, how "two"\n');
});

test("images are among what it needs", async () => {
  const plan = await parseText(
    "plan: p\nservices: { cache: { image: redis:8, command: [redis-server] }, own: { build: ./own } }\nphases: [{ name: rest, for: 1s }]\n",
    { "own/Dockerfile": "" },
  );
  expect(explain(plan, createSchedule(plan, { seed: 7 }))).toContain(
    "needs:\n  the image redis:8 (cache)\n  an image built from own (own)\n  a world:",
  );
});
