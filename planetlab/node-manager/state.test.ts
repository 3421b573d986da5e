import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRealHost } from "../../host/real.ts";
import { createGuards, type Guard } from "./guards.ts";
import { createStateFile, emptyState, type State } from "./state.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sinbin-state-"));
});
afterEach(() => rm(directory, { recursive: true }));

const slice = {
  id: 1,
  name: "princeton_codeen",
  expiry: 0,
  instantiation: "plc-instantiated",
  rspec: { nm_cpu_share: 32 },
  keys: ["ssh-rsa " + "A".repeat(50_000)],
};
const full: State = {
  version: 1,
  applied: 3,
  place: { epoch: 1, serial: 2 },
  slivers: { names: [slice.name] },
  resources: [{ rcap: "0".repeat(32), rspec: {}, slice: null, number: 1, left_ms: 1000 }],
  requests: [{ name: "mine", call: "0", reply: "1" }],
  leases: [
    {
      lease: "1".repeat(32),
      slice: slice.name,
      share: 512,
      begin_ms: 1.5,
      length_ms: 60_000,
      left_ms: 0.25,
      extended_by_ms: 0,
    },
  ],
  failsafe: { lost: [{ name: "a_b", ago_ms: 1.5 }], doubted: { names: ["a_c", "a_d"], documents: 2 } },
  clock: { boot: "boot", monotonic_ms: 1.5, wall_ms: 2, plc_ms: null, plc_error_ms: 0 },
  slices: [slice, { ...slice, id: 2 }],
};

function rig(current: () => State, ...without: readonly Guard[]) {
  const events: string[] = [];
  const host = createRealHost({ name: "node", directory, seed: 1, log: () => undefined });
  const config = { stateFile: "state.json", guards: createGuards(without) };
  const file = createStateFile(host, config, { log: (event) => void events.push(event), current });
  return { file, events };
}

describe("a state", () => {
  test.for([
    ["empty", emptyState],
    ["full", full],
  ] as const)("that is %s comes back as it was", async ([, state]) => {
    await rig(() => state).file.save();
    expect(await rig(() => emptyState).file.load()).toEqual(state);
  });

  test("is there in full at any moment while it is saved again and again", async () => {
    let applied = 0;
    const { file } = rig(() => ({ ...full, applied: (applied += 1) }));
    await file.save();
    const state = { isSaving: true };
    const saves = (async () => {
      for (let count = 0; count < 50; count += 1) await file.save();
      state.isSaving = false;
    })();
    while (state.isSaving) {
      expect(JSON.parse(await readFile(join(directory, "state.json"), "utf8"))).toMatchObject({
        slices: [{ id: 1 }, { id: 2 }],
      });
    }
    await saves;
  });

  test("that many ask for at once is saved twice: as it was, and as it is", async () => {
    let applied = 0;
    const { file, events } = rig(() => ({ ...emptyState, applied }));
    const first = file.save();
    await new Promise(setImmediate);
    const others = Array.from({ length: 10 }, () => {
      applied += 1;
      return file.save();
    });
    await Promise.all([first, ...others]);
    expect(events.filter((event) => event === "state.save.begin")).toHaveLength(2);
    expect(await rig(() => emptyState).file.load()).toMatchObject({ applied: 10 });
  });
});

describe("a file", () => {
  test("that is a directory is reported and no reason to stop, even twice", async () => {
    for (const name of ["state.json", "state.json.corrupt/inside"])
      await mkdir(join(directory, name), { recursive: true });
    const { file, events } = rig(() => emptyState);
    expect(await file.load()).toEqual(emptyState);
    expect(events).toEqual(["state.corrupt"]);
  });

  test("that is not there is an empty state", async () => {
    const { file, events } = rig(() => emptyState);
    expect(await file.load()).toEqual(emptyState);
    expect(events).toEqual([]);
  });

  test.for([
    "",
    "\0\0\0",
    "{",
    "null",
    "[]",
    '{"version":1}',
    JSON.stringify({ ...full, version: 2 }),
    JSON.stringify(full).slice(0, -2),
    JSON.stringify({ ...full, slices: [{ ...slice, name: "../.." }] }),
  ])("that holds %j is set aside and reported; without tolerate-corrupt-state it is an error", async (text) => {
    await writeFile(join(directory, "state.json"), text);
    await expect(rig(() => emptyState, "tolerate-corrupt-state").file.load()).rejects.toBeInstanceOf(Error);
    const { file, events } = rig(() => emptyState);
    expect(await file.load()).toEqual(emptyState);
    expect(events).toEqual(["state.corrupt"]);
    expect(await readFile(join(directory, "state.json.corrupt"), "utf8")).toBe(text);
  });
});
