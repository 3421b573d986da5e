import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { createDisk, type Disk, type Draw } from "./disk.ts";
import { legalStates, type SmallStep } from "./reference.testing.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);
const stateOf = (disk: Disk): Record<string, string | undefined> =>
  Object.fromEntries(disk.files().map((path) => [path, textOf(disk.read(path))]));

interface Writing {
  readonly mode?: "write" | "append";
  readonly sync?: boolean;
}

/** A disk whose time is in the test's hands, with files that are durable. */
function createRig(initial: Readonly<Record<string, string>> = {}) {
  let now = 0;
  const disk = createDisk({ now: () => now });
  for (const [path, text] of Object.entries(initial)) disk.put(path, bytesOf(text));
  return {
    disk,
    pass: (milliseconds: number) => void (now += milliseconds),
    write: (path: string, text: string, { mode = "write", sync = false }: Writing = {}): void => {
      const handle = disk.open(path, mode);
      handle.write(bytesOf(text));
      if (sync) handle.sync();
      handle.close();
    },
  };
}

const drawing = (seed: number): Draw => {
  const random = createRandom(seed);
  return () => random.number();
};
/** Of every choice the one that loses most, or least. */
const losingAll: Draw = () => 0;
const losingNothing: Draw = () => 0.999;
const seed = fc.nat({ max: 2 ** 32 - 1 });

const syncAll = (disk: Disk): void => {
  for (const path of disk.files()) disk.open(path, "append").sync();
  for (const path of ["", ...disk.directories()]) disk.syncDirectory(path);
};

/** What can be left, in the draws of so many seeds. */
function leftovers(count: number, prepare: () => Disk): ReadonlySet<string> {
  const states = Array.from({ length: count }, (_, number) => {
    const disk = prepare();
    disk.losePower(drawing(number));
    return JSON.stringify(stateOf(disk));
  });
  return new Set(states);
}

/** As by a program, and with its directory synced. */
const replaced = ({ sync }: { readonly sync: boolean }): Disk => {
  const { disk, write } = createRig({ state: "old" });
  write("state.new", "new", { sync });
  disk.rename("state.new", "state");
  disk.syncDirectory(".");
  return disk;
};

describe("a program that replaces a file", () => {
  test("and syncs what it writes before it renames has the old or the new content, whenever the power fails", () => {
    const steps: readonly ((disk: Disk, write: (text: string) => void) => void)[] = [
      (disk) => void disk.open("state.new", "write"),
      (_, write) => write("new "),
      (_, write) => write("content"),
      (disk) => disk.open("state.new", "append").sync(),
      (disk) => disk.rename("state.new", "state"),
      (disk) => disk.syncDirectory("."),
    ];
    const contents = steps.map((_, index) => {
      const states = leftovers(50, () => {
        const { disk } = createRig({ state: "old" });
        const write = (text: string): void => disk.open("state.new", "append").write(bytesOf(text));
        for (const step of steps.slice(0, index + 1)) step(disk, write);
        return disk;
      });
      return new Set([...states].map((state) => (JSON.parse(state) as { state: string }).state));
    });
    const [old, either, now] = [new Set(["old"]), new Set(["old", "new content"]), new Set(["new content"])];
    expect(contents).toEqual([old, old, old, old, either, now]);
  });

  test("and does not sync may find it empty, torn, full of zeros, or as it should be", () => {
    expect(leftovers(200, () => replaced({ sync: false }))).toEqual(
      new Set(["", "n", "ne", "new", "\0\0\0", "n\0\0", "ne\0"].map((state) => JSON.stringify({ state }))),
    );
    expect(leftovers(50, () => replaced({ sync: true }))).toEqual(new Set([JSON.stringify({ state: "new" })]));
  });
});

describe("when the power fails", () => {
  const path = fc.constantFrom("a", "b", "d/a");
  const small: fc.Arbitrary<SmallStep> = fc.oneof(
    fc.record({
      do: fc.constantFrom("write" as const, "append" as const),
      path,
      texts: fc.array(fc.constantFrom("x", "yz"), { maxLength: 2 }),
      sync: fc.boolean(),
    }),
    fc.record({ do: fc.constant("rename" as const), from: path, to: path }),
    fc.record({ do: fc.constant("remove" as const), path }),
    fc.record({ do: fc.constant("syncDirectory" as const), path: fc.constantFrom("", "d") }),
  );
  const initial = { a: "12", "d/keep": "" };
  const carryOut = (steps: readonly SmallStep[]): Disk => {
    const { disk } = createRig(initial);
    for (const step of steps) {
      if (step.do === "syncDirectory") disk.syncDirectory(step.path);
      else if (step.do === "remove") disk.remove(step.path);
      else if (step.do === "rename") {
        if (disk.files().includes(step.from)) disk.rename(step.from, step.to);
      } else {
        const handle = disk.open(step.path, step.do);
        for (const text of step.texts) handle.write(bytesOf(text));
        if (step.sync) handle.sync();
      }
    }
    return disk;
  };

  test("what is left is one of the states that the rules allow", () => {
    fc.assert(
      fc.property(fc.array(small, { maxLength: 4 }), seed, (steps, first) => {
        const legal = legalStates(initial, steps);
        for (let number = 0; number < 10; number += 1) {
          const disk = carryOut(steps);
          disk.losePower(drawing(first + number));
          expect(legal).toContain(JSON.stringify(stateOf(disk)));
        }
      }),
      { numRuns: 300 },
    );
  });

  test.for<[string, readonly SmallStep[]]>([
    ["appended", [{ do: "append", path: "a", texts: ["yz", "x"], sync: false }]],
    ["written anew", [{ do: "write", path: "a", texts: ["yz"], sync: false }]],
    [
      "replaced",
      [
        { do: "write", path: "b", texts: ["yz"], sync: false },
        { do: "rename", from: "b", to: "a" },
      ],
    ],
    [
      "moved elsewhere",
      [
        { do: "write", path: "d/a", texts: ["x"], sync: true },
        { do: "remove", path: "d/keep" },
        { do: "rename", from: "a", to: "d/b" },
        { do: "rename", from: "d/b", to: "d/c" },
      ],
    ],
    [
      "renamed and then synced",
      [
        { do: "rename", from: "a", to: "b" },
        { do: "append", path: "b", texts: ["x"], sync: true },
      ],
    ],
    [
      "appended and written anew",
      [
        { do: "append", path: "a", texts: ["x"], sync: false },
        { do: "write", path: "a", texts: ["yz", "yz"], sync: false },
      ],
    ],
  ])("every state that the rules allow of a file that was %s is left by some draw", ([, steps]) => {
    expect(leftovers(2000, () => carryOut(steps))).toEqual(legalStates(initial, steps));
  });

  test("the same draws leave the same", () => {
    fc.assert(
      fc.property(fc.array(small, { maxLength: 20 }), seed, (steps, number) => {
        const disks = [carryOut(steps), carryOut(steps)];
        for (const disk of disks) disk.losePower(drawing(number));
        expect(stateOf(disks[0] as Disk)).toEqual(stateOf(disks[1] as Disk));
      }),
    );
  });

  const deep = fc.constantFrom("a", "b", "d/a", "d/d/a", "d", "d/d", "e", "e/d", "e/d/a");
  const onPath = ["write", "makeDirectory", "remove", "syncDirectory"] as const;
  const deepStep = fc.oneof(
    fc.record({ do: fc.constantFrom(...onPath), path: deep }),
    fc.record({ do: fc.constant("rename" as const), from: deep, to: deep }),
  );
  /** Unless it can't be done. */
  const attempt = (disk: Disk, step: typeof deepStep extends fc.Arbitrary<infer Step> ? Step : never, text: string) => {
    try {
      if (step.do === "write") disk.open(step.path, "write").write(bytesOf(text));
      else if (step.do === "rename") disk.rename(step.from, step.to);
      else disk[step.do](step.path);
    } catch {}
  };

  test("all that was synced is there, the directories too", () => {
    fc.assert(
      fc.property(fc.array(deepStep, { maxLength: 30 }), seed, (steps, number) => {
        const { disk } = createRig();
        for (const [index, step] of steps.entries()) attempt(disk, step, String(index));
        syncAll(disk);
        const before = [stateOf(disk), disk.directories()];
        disk.losePower(drawing(number));
        expect([stateOf(disk), disk.directories()]).toEqual(before);
      }),
    );
  });

  test("no file gets lost that nobody has removed or replaced, however directories were moved about", () => {
    fc.assert(
      fc.property(fc.array(deepStep, { maxLength: 30 }), seed, (steps, number) => {
        const { disk } = createRig({ a: "a", "d/a": "d/a", "d/d/a": "d/d/a", "e/d/a": "e/d/a" });
        for (const step of steps) if (step.do !== "write") attempt(disk, step, "");
        const there = Object.values(stateOf(disk));
        disk.losePower(drawing(number));
        expect(Object.values(stateOf(disk))).toEqual(expect.arrayContaining(there));
        expect(new Set(Object.values(stateOf(disk))).size).toBe(disk.files().length);
      }),
      { numRuns: 1000 },
    );
  });

  test("a directory that was synced can't have lost where its files were moved to", () => {
    const { disk } = createRig({ a: "a" });
    disk.makeDirectory("new/deep");
    disk.rename("a", "new/deep/a");
    disk.syncDirectory(".");
    disk.losePower(losingAll);
    expect(stateOf(disk)).toEqual({ "new/deep/a": "a" });
  });

  test("a directory whose removal was synced can't have taken along what was moved out of it", () => {
    const { disk, write } = createRig({ "old/b": "b", "new/c": "c" });
    disk.rename("old/b", "new/b");
    disk.remove("old");
    write("d", "d");
    disk.syncDirectory(".");
    disk.losePower(losingAll);
    expect(stateOf(disk)).toEqual({ d: "", "new/b": "b", "new/c": "c" });
  });

  test("what is 30 s old was written back, and what is younger was not", () => {
    const { disk, pass, write } = createRig({ log: "" });
    write("log", "one", { mode: "append" });
    write("early", "x");
    pass(1000);
    write("log", "two", { mode: "append" });
    write("late", "x");
    pass(29_500);
    disk.losePower(losingAll);
    expect(stateOf(disk)).toEqual({ early: "x", log: "one" });
  });

  test("a file that is new has its name when it was synced, and the directories above it have theirs", () => {
    const { disk, write } = createRig();
    disk.makeDirectory("a/b");
    write("a/b/file", "x", { sync: true });
    write("a/b/other", "x");
    disk.losePower(losingAll);
    expect(stateOf(disk)).toEqual({ "a/b/file": "x" });
  });

  test("a removal may be undone, and a handle is dead", () => {
    const { disk } = createRig({ a: "x" });
    const handle = disk.open("a", "append");
    disk.remove("a");
    disk.losePower(losingAll);
    expect(stateOf(disk)).toEqual({ a: "x" });
    expect(() => handle.write(bytesOf("y"))).toThrow(expect.objectContaining({ code: "EBADF" }));
  });

  test("nothing need be lost, and then nothing is later", () => {
    const { disk, write } = createRig();
    disk.makeDirectory("empty");
    write("a", "x");
    disk.losePower(losingNothing);
    disk.losePower(losingAll);
    expect([stateOf(disk), disk.directories()]).toEqual([{ a: "x" }, ["empty"]]);
  });

  test("each decision is drawn under its own name, once for each time that the power fails", () => {
    const { disk, write } = createRig({ state: "old" });
    const decisions: string[] = [];
    const draw: Draw = (decision, n) => {
      decisions.push(`${decision} ${n}`);
      return 0;
    };
    write("state", "new", { mode: "append" });
    write("d", "x");
    disk.losePower(draw);
    write("state", "new", { mode: "append" });
    disk.losePower(draw);
    expect(decisions).toEqual([
      "entries of . 0",
      "writes to state 0",
      "bytes written to state 0",
      "size of state 0",
      "writes to state 1",
      "bytes written to state 1",
      "size of state 1",
    ]);
  });
});

describe("behind a program's back", () => {
  test("what is put there or deleted is so for good, and whoever has the file open sees it", () => {
    const { disk } = createRig({ a: "x" });
    const handle = disk.open("a", "append");
    disk.put("a", bytesOf("corrupt"));
    disk.put("new/file", bytesOf("x"));
    handle.write(bytesOf("ed"));
    expect(textOf(disk.read("a"))).toBe("corrupted");
    disk.losePower(losingAll);
    expect(stateOf(disk)).toEqual({ a: "corrupt", "new/file": "x" });
    expect([disk.delete("a"), disk.delete("a"), disk.delete("no/such/file")]).toEqual([true, false, false]);
    disk.losePower(losingAll);
    expect(disk.files()).toEqual(["new/file"]);
  });

  test("what is moved is so for good, however new it is, and whoever has the file open goes on with it", () => {
    const { disk } = createRig({ "log.1": "old" });
    const handle = disk.open("log", "append");
    handle.write(bytesOf("x"));
    handle.sync();
    disk.refuse = "EROFS";
    expect([disk.move("log", "log.1"), disk.move("log", "log.1"), disk.move("no/such", "file")]).toEqual([
      true,
      false,
      false,
    ]);
    disk.refuse = undefined;
    handle.write(bytesOf("y"));
    expect(stateOf(disk)).toEqual({ "log.1": "xy" });
    expect(textOf(disk.previous("log.1"))).toBe("old");
    disk.losePower(losingAll);
    expect(stateOf(disk)).toEqual({ "log.1": "x" });
  });

  test("the older generation of a file is what it was before it was replaced or rewritten", () => {
    const { disk, write } = createRig({ a: "1" });
    expect(disk.previous("a")).toBeUndefined();
    expect(disk.previous("no/such/file")).toBeUndefined();
    write("a", "2");
    expect(textOf(disk.previous("a"))).toBe("1");
    write("a", "3", { mode: "append" });
    expect(textOf(disk.previous("a"))).toBe("1");
    write("a.new", "4");
    disk.rename("a.new", "a");
    expect(textOf(disk.previous("a"))).toBe("23");
    disk.losePower(losingNothing);
    expect(textOf(disk.previous("a"))).toBe("23");
  });

  test("a file that others hold does not change under their hands", () => {
    const { disk, write } = createRig({ a: "abc" });
    const read = disk.read("a");
    const given = bytesOf("given");
    disk.put("b", given);
    given.fill(0);
    const first = disk.open("a", "write");
    first.write(bytesOf("12345"));
    write("a", "x");
    first.write(bytesOf("y"));
    expect(textOf(read)).toBe("abc");
    expect(stateOf(disk)).toEqual({ a: "x\0\0\0\0y", b: "given" });
  });

  test("what is durable does not change when a program writes over it", () => {
    const { disk, write } = createRig();
    const handle = disk.open("a", "write");
    write("a", "abc", { mode: "append" });
    write("a", "def", { mode: "append", sync: true });
    handle.write(bytesOf("XY"));
    expect(stateOf(disk)).toEqual({ a: "XYcdef" });
    disk.losePower(losingAll);
    expect(stateOf(disk)).toEqual({ a: "abcdef" });
  });
});
