import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Log } from "../../host/host.ts";
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
  newest: 1_104_537_600,
  plc: { host: "192.0.2.1", port: 443 },
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
  const told: Readonly<Record<string, unknown>>[] = [];
  const log: Log = (event, fields = {}) => {
    events.push(event);
    told.push(fields);
  };
  const host = createRealHost({ name: "node", directory, seed: 1, log: () => undefined });
  const config = { stateFile: "state.json", guards: createGuards(without) };
  const file = createStateFile(host, config, { log, current });
  return { file, events, told };
}

describe("a state", () => {
  test.for([
    ["empty", emptyState],
    ["full", full],
  ] as const)("that is %s comes back as it was", async ([, state]) => {
    await rig(() => state).file.save();
    expect(await rig(() => emptyState).file.load()).toEqual(state);
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

const put = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);
const textOf = (name: string): Promise<string> => readFile(join(directory, name), "utf8");

/** Two generations: the first one has applied one document, the second one two. */
async function saveTwice(): Promise<void> {
  let applied = 0;
  const { file } = rig(() => ({ ...full, applied: (applied += 1) }));
  await file.save();
  await file.save();
}

describe("a file that can't be used", () => {
  test("that is not there is an empty state", async () => {
    const { file, events } = rig(() => emptyState);
    expect(await file.load()).toEqual(emptyState);
    expect(events).toEqual(["state.loaded"]);
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
  ])("and holds %j is set aside and reported; without tolerate-corrupt-state it is an error", async (text) => {
    await put("state.json", text);
    await expect(rig(() => emptyState, "tolerate-corrupt-state").file.load()).rejects.toBeInstanceOf(Error);
    const { file, events } = rig(() => emptyState);
    expect(await file.load()).toEqual(emptyState);
    expect(events).toEqual(["state.corrupt", "state.loaded"]);
    expect(await textOf("state.json.corrupt")).toBe(text);
  });

  test("and can't be set aside takes no good one's place with the next save", async () => {
    await saveTwice();
    await put("state.json", "garbage");
    // A directory stands where it would be put.
    await mkdir(join(directory, "state.json.corrupt"));
    const { file } = rig(() => ({ ...full, applied: 3 }));
    expect(await file.load()).toMatchObject({ applied: 1 });
    await file.save();
    expect(await textOf("state.json.corrupt")).toBe("garbage");
    await put("state.json", "garbage again");
    expect(await rig(() => emptyState).file.load()).toMatchObject({ applied: 1 });
  });

  test("of the days before there were digests is read as it is", async () => {
    await put("state.json", JSON.stringify(full));
    expect(await rig(() => emptyState).file.load()).toEqual(full);
  });

  const damages: Readonly<Record<string, (name: string) => Promise<unknown>>> = {
    empty: (name) => put(name, ""),
    half: async (name) => put(name, (await textOf(name)).slice(0, 50_000)),
    garbage: (name) => put(name, "\u{1f4a3}".repeat(100)),
    "a flipped letter of a key": async (name) => put(name, (await textOf(name)).replace("AAAA", "AAAB")),
    "an old generation": async (name) => put(name, await textOf("state.json.previous")),
    missing: (name) => rm(join(directory, name)),
    "a directory": async (name) => {
      await rm(join(directory, name));
      await mkdir(join(directory, name, "inside"), { recursive: true });
    },
  };

  test.for(Object.keys(damages))("(%s): the one before it is used, and told by name", async (damage) => {
    await saveTwice();
    await damages[damage]?.("state.json");
    const { file, events, told } = rig(() => full);
    expect(await file.load()).toEqual({ ...full, applied: 1 });
    expect(events).toEqual(["state.corrupt", "state.loaded"]);
    expect(told[0]).toMatchObject({ file: "state.json" });
    await file.save();
    expect(await rig(() => emptyState).file.load()).toEqual(full);
  });

  test.for(Object.keys(damages).filter((damage) => damage !== "an old generation"))(
    "(%s), and is the one before, costs nothing, and is in nobody's way",
    async (damage) => {
      await saveTwice();
      await damages[damage]?.("state.json.previous");
      const { file, told } = rig(() => full);
      expect(await file.load()).toEqual({ ...full, applied: 2 });
      expect(told.filter((fields) => "file" in fields)).toMatchObject(
        damage === "missing" ? [] : [{ file: "state.json.previous" }],
      );
      await file.save();
      await file.save();
      expect(await rig(() => emptyState).file.load()).toEqual(full);
    },
  );

  test("and stands where the next save is to be written is in nobody's way", async () => {
    await mkdir(join(directory, "state.json.new/inside"), { recursive: true });
    const { file } = rig(() => full);
    await file.load();
    await file.save();
    expect(await rig(() => emptyState).file.load()).toEqual(full);
  });

  test.for(["state-checksum", "previous-generation"] as const)("goes unnoticed without %s", async (guard) => {
    await saveTwice();
    if (guard === "state-checksum") await damages["a flipped letter of a key"]?.("state.json");
    else await damages["an old generation"]?.("state.json");
    const { file, events } = rig(() => emptyState, guard);
    await file.load();
    expect(events).toEqual(["state.loaded"]);
  });
});
