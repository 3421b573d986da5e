/** The state file when the process or the power is gone at any moment of a save (I34). */
import { describe, expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import { createRandom } from "../../host/random.ts";
import { createTestWorld, type TestWorld } from "../../host/sim/pair.testing.ts";
import { createGuards, type Guard } from "./guards.ts";
import { createStateFile, emptyState, type State, type StateFile } from "./state.ts";

const slice = {
  id: 1,
  name: "princeton_codeen",
  expiry: 0,
  instantiation: "plc-instantiated",
  rspec: {},
  keys: ["A".repeat(20_000)],
};

/** A save takes four milliseconds on that disk. */
const moments = Array.from({ length: 90 }, (_, index) => index * 0.05 + 0.01);

interface Left {
  /** Of the last save that was over. */
  readonly saved: number;
  readonly found: State;
  readonly events: readonly string[];
}

function open(host: Host, without: readonly Guard[], events: string[], current: () => State): StateFile {
  const config = { stateFile: "state.json", guards: createGuards(without) };
  return createStateFile(host, config, { log: (event) => void events.push(event), current });
}

/** Two saves are over, and the end comes some time after the third has begun. */
function cutShort(afterMs: number, end: (world: TestWorld, kill: () => void) => void, ...without: Guard[]) {
  const world = createTestWorld();
  const { time, client } = world;
  return time.pass(async (): Promise<Left> => {
    let applied = 0;
    let saved = 0;
    const begun = Promise.withResolvers<void>();
    const program = world.start(client, async (host) => {
      const file = open(host, without, [], () => ({ ...emptyState, applied, slices: [slice] }));
      await file.load();
      for (;;) {
        applied += 1;
        if (applied === 3) begun.resolve();
        await file.save();
        saved = applied;
      }
    });
    await begun.promise;
    const clock = world.open(world.server).clock;
    await clock.sleep(afterMs);
    end(world, () => program.signal("KILL"));
    const events: string[] = [];
    const found = await open(world.open(client), without, events, () => emptyState).load();
    return { saved, found, events };
  });
}

const kill = (_: TestWorld, killNow: () => void): void => killNow();
const losePower =
  (seed: number) =>
  ({ client }: TestWorld): void => {
    const random = createRandom(seed);
    client.losePower(() => random.number());
  };

describe.each([
  { what: "kill -9", ends: [kill] },
  { what: "a power loss", ends: [1, 2, 3].map(losePower) },
])("$what", ({ ends }) => {
  test("at any moment of a save leaves the state before it or the new one, whole, and nothing to be told", async () => {
    for (const moment of moments) {
      for (const end of ends) {
        const { saved, found, events } = await cutShort(moment, end);
        expect(events).toEqual(["state.loaded"]);
        expect(found).toMatchObject({ slices: [slice] });
        expect([saved, saved + 1]).toContain(found.applied);
      }
    }
  });
});

test.each([
  { without: "atomic-save", end: kill },
  { without: "sync-state", end: losePower(1) },
] as const)("without $without there are moments that leave less", async ({ without, end }) => {
  const left = await Promise.all(moments.map((moment) => cutShort(moment, end, without)));
  expect(left.some(({ events }) => events.includes("state.corrupt"))).toBe(true);
});
