import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { faults } from "../../faults/registry.ts";
import { byNight, runs } from "../../host/night.testing.ts";
import { loadPlans, planFiles } from "../cli/plans.ts";
import { bindPlan, cells, parsePlan } from "../plan/parse.ts";
import { parseText } from "../plan/plan.testing.ts";
import type { Plan } from "../plan/schema.ts";
import { createSchedule } from "../schedule/schedule.ts";
import { lackOfMix, mixInto } from "./mix.ts";

/** By day every fourth plan of the suites, by night all of them, and more of what is random. */
const files = (await planFiles(["suites"])).filter((_, n) => byNight || n % 4 === 0);
const suite: readonly Plan[] = (await loadPlans(files)).map(({ plan }) => plan);

const seeds = fc.integer({ min: 0, max: 2 ** 32 });
const first = (plan: Plan, seed: number): Plan => bindPlan(plan, { seed, cell: cells(plan)[0] ?? {}, params: {} });
const mixed = (plan: Plan, seed: number): Plan => {
  const bound = first(plan, seed);
  return first({ ...bound, document: mixInto(bound, seed) }, seed);
};

interface Added {
  readonly phase: string;
  readonly kind: string;
  readonly where: readonly string[];
  readonly from: number;
  readonly to: number;
}

/** What the mix has added, as the schedule has it. */
function addedTo(plan: Plan, seed: number): readonly Added[] {
  return createSchedule(mixed(plan, seed), { seed }).phases.flatMap(({ name, steps }) =>
    steps
      .filter((step) => step.name.startsWith("mix-"))
      .flatMap(({ occurrences }) =>
        occurrences.map(({ at, kind, where, ...rest }) => ({
          phase: name,
          kind,
          where,
          from: at,
          to: at + (rest.for ?? 0),
        })),
      ),
  );
}

const within = (text: string): string => `
plan: mixable
services:
  plc: { program: node.ts }
  node: { program: node.ts, restart: { after: 1s }, timekeeper: { servers: [time] } }
  shell: { command: [sleep, infinity] }
links:
  fetch: { from: node, to: plc, proto: tcp, port: 443 }
  page: { from: shell, to: node, proto: tls, port: 80 }
  site: { from: shell, to: node, proto: http, port: 8080 }
  gossip: { from: node, to: plc, proto: udp, port: 7946 }
  time: { from: node, to: plc, proto: ntp }
  names: { from: node, to: plc, proto: dns }
steady: [{ always: node.alive }]
${text}`;

const framed = `
phases:
  - { name: warm-up, until: steady, timeout: 20s }
  - { name: storm, for: 1m }
  - { name: kills, until: node.restarts > 3, timeout: 1m }
  - { name: heal, until: steady, timeout: 20s }`;

/** Of each plan. */
const mixes = byNight ? 20 : 2;

describe("a mix", () => {
  test("is the same for the same seed, and differs between seeds", () => {
    for (const plan of suite) {
      const texts = [1, 1, 2, 3].map((seed) => JSON.stringify(mixInto(first(plan, seed), seed)));
      expect(texts[0]).toBe(texts[1]);
      expect(new Set(texts).size).toBe(3);
    }
  });

  test.each(suite.map((plan) => ({ name: plan.plan, plan })))(
    "is an ordinary plan, in which check finds nothing wrong: $name",
    async ({ plan }) => {
      await fc.assert(
        fc.asyncProperty(seeds, async (seed) => {
          const document = JSON.stringify(mixInto(first(plan, seed), seed));
          const read = async (path: string): Promise<Uint8Array> =>
            path === "mixed.yaml" ? new TextEncoder().encode(document) : readFile(path);
          const parsed = await parsePlan("mixed.yaml", read);
          expect(parsed.phases.flatMap((phase) => phase.faults).some(({ name }) => name === "mix-1")).toBe(true);
        }),
        { numRuns: mixes },
      );
    },
  );

  test("leaves all that the plan itself draws as it is", () => {
    fc.assert(
      fc.property(seeds, fc.nat(), (seed, n) => {
        const plan = suite[n % suite.length] as Plan;
        const own = createSchedule(first(plan, seed), { seed });
        const both = createSchedule(mixed(plan, seed), { seed });
        const without = both.phases.map(({ steps, ...phase }) => ({
          ...phase,
          steps: steps.filter(({ name }) => !name.startsWith("mix-")),
        }));
        expect(without).toEqual(own.phases);
      }),
      runs(100),
    );
  });

  test("has never more at once than the plan allows, and not two of a kind at one place", async () => {
    for (const atMost of [1, 2, 3]) {
      const plan = await parseText(within(`mix: { at_most: ${atMost} }\n${framed}`));
      let most = 0;
      for (let seed = 0; seed < (byNight ? 200 : 40); seed++) {
        const all = addedTo(plan, seed);
        for (const one of all) {
          const others = all.filter(({ phase, from, to }) => phase === one.phase && from <= one.from && one.from <= to);
          const twins = others.filter(({ kind, where }) => kind === one.kind && where[0] === one.where[0]);
          expect(twins).toHaveLength(1);
          most = Math.max(most, others.length);
        }
      }
      expect(most).toBe(atMost);
    }
  });

  test("keeps out of the warm-up and of the last phase, and ends within its own", async () => {
    const plan = await parseText(within(framed));
    const phases = new Set<string>();
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const { phase, from, to } of addedTo(plan, seed)) {
          phases.add(phase);
          expect([from >= 0, to <= 60_000]).toEqual([true, true]);
        }
      }),
      runs(100),
    );
    expect([...phases].sort()).toEqual(["kills", "storm"]);
  });

  test("fills every phase of known length where there is no warm-up or no heal", async () => {
    const plan = await parseText(within("phases: [{ name: calm, for: 5s }, { name: storm, for: 50ms }]"));
    const phases = new Set(
      Array.from({ length: 20 }, (_, seed) => addedTo(plan, seed))
        .flat()
        .map(({ phase }) => phase),
    );
    expect([...phases].sort()).toEqual(["calm", "storm"]);
  });

  test("puts each fault where it fits: the end of a service only where somebody starts it again", async () => {
    // With so many at once a hundred seeds have had them all.
    const plan = await parseText(within(`mix: { at_most: 12 }\n${framed}`));
    const places = new Map<string, Set<string>>();
    for (let seed = 0; seed < 100; seed++) {
      for (const { kind, where } of addedTo(plan, seed)) {
        const known = places.get(kind) ?? new Set();
        places.set(kind, known.add(where[0] ?? ""));
      }
    }
    expect([...(places.get("tcp.latency") ?? [])].sort()).toEqual(["fetch", "page", "site"]);
    expect([...(places.get("http.status") ?? [])]).toEqual(["site"]);
    expect([...(places.get("tls.expired") ?? [])]).toEqual(["page"]);
    expect([...(places.get("udp.latency") ?? [])]).toEqual(["gossip"]);
    expect([...(places.get("ntp.offset") ?? [])]).toEqual(["time"]);
    expect([...(places.get("dns.slow") ?? [])]).toEqual(["names"]);
    expect([...(places.get("resolver.truncate") ?? [])]).toEqual(["node"]);
    expect([...(places.get("process.pause") ?? [])].sort()).toEqual(["node", "plc", "shell"]);
    expect([...(places.get("process.kill") ?? [])]).toEqual(["node"]);
    expect(places.has("process.signal")).toBe(false);
    // Only who knows the documents of a server knows a place in them, and which of its headers mean something; and who is a stranger to whom.
    const known = new Set(["http.body", "http.header", "tcp.stranger"]);
    const fair = [...faults.values()].filter(
      ({ kind, leaves, needs }) =>
        leaves !== "anything" && ["limits", "timekeepers", undefined].includes(needs) && !known.has(kind),
    );
    expect([...places.keys()].sort()).toEqual(fair.map(({ kind }) => kind).sort());
  });

  test("keeps to the faults, the places and the strength that the plan states", async () => {
    const bounds = "mix: { faults: [tcp.latency, process.signal], where: [fetch, node], strength: 50% }";
    const plan = await parseText(within(`${bounds}\n${framed}`));
    for (let seed = 0; seed < (byNight ? 100 : 20); seed++) {
      const schedule = createSchedule(mixed(plan, seed), { seed });
      for (const { kind, where, parameters } of schedule.phases.flatMap(({ steps }) =>
        steps.flatMap(({ occurrences }) => occurrences),
      )) {
        const parsed = faults.get(kind)?.parameters.parse(parameters);
        const bounded =
          kind === "tcp.latency"
            ? Number(parsed?.["delay"]) <= 100
            : ["HUP", "CHLD", "PIPE"].includes(String(parsed?.["signal"]));
        expect([kind, ...where, bounded]).toEqual(
          kind === "tcp.latency" ? [kind, "fetch", true] : ["process.signal", "node", true],
        );
      }
    }
  });

  test("takes names that nobody has", async () => {
    const taken = framed.replace("for: 1m }", "for: 1m, faults: [{ name: mix-1, none: {} }] }");
    const plan = await parseText(within(taken));
    for (let seed = 0; seed < 20; seed++)
      expect(
        mixed(plan, seed)
          .phases.flatMap((phase) => phase.faults.map(({ name }) => name))
          .filter((name) => name === "mix-1"),
      ).toHaveLength(1);
  });
});

describe("a plan that nothing can be mixed into", () => {
  test("has no phase for it", async () => {
    const plan = await parseText(within("phases: [{ name: all, until: node.alive, timeout: 5s }]"));
    expect(lackOfMix(plan)).toContain("write one with for");
  });

  test("allows only what does not fit", async () => {
    const plan = await parseText(within(`mix: { faults: [tcp.reset], where: [node] }\n${framed}`));
    expect(lackOfMix(plan)).toContain("write other faults, or another where");
    expect(lackOfMix(await parseText(within(framed)))).toBeUndefined();
  });
});
