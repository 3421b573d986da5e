/** Every fault of the plane against a disk in memory that writes down what is done to it. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { uniform } from "../random.ts";
import { createScene } from "../service.testing.ts";
import type { Scene } from "../service.testing.ts";
import type { DiskTarget } from "./contract.ts";
import { corrupt } from "./corrupt.ts";
import { deletion } from "./delete.ts";
import { full } from "./full.ts";
import { oldGeneration } from "./old-generation.ts";
import { powerLoss } from "./power-loss.ts";
import { readOnly } from "./read-only.ts";
import { rename } from "./rename.ts";
import { replacement } from "./replace.ts";
import { truncate } from "./truncate.ts";

interface DiskScene extends Scene<"disk", DiskTarget> {
  /** The content of each file, as text. */
  readonly content: () => Readonly<Record<string, string>>;
}

interface DiskOptions {
  readonly files?: Readonly<Record<string, string>>;
  readonly previous?: Readonly<Record<string, string>>;
  /** Whether anything runs. */
  readonly alive?: boolean;
  readonly draw?: (decision: string, n: number) => number;
}

function scene({ files = {}, previous = {}, alive = true, draw = () => 0 }: DiskOptions = {}): DiskScene {
  const disk = new Map(Object.entries(files).map(([path, text]) => [path, bytesOf(text)]));
  const target = (note: (line: string) => void): DiskTarget => ({
    files: async () => [...disk.keys()].sort(),
    read: async (path) => disk.get(path),
    async put(path, bytes) {
      note(`put ${path}`);
      disk.set(path, Uint8Array.from(bytes));
    },
    delete: async (path) => disk.delete(path),
    async rename(from, to) {
      const bytes = disk.get(from);
      if (bytes !== undefined) disk.set(to, bytes);
      return disk.delete(from);
    },
    async previous(path) {
      const old = previous[path];
      return old === undefined ? undefined : bytesOf(old);
    },
    async refuse(code, onRefused) {
      note(`refuse ${code}`);
      onRefused();
      onRefused();
      return { [Symbol.asyncDispose]: async () => note(`end of ${code}`) };
    },
    async losePower({ path }) {
      note(`power loss, ${path.join(".")}`);
      return alive;
    },
  });
  return {
    ...createScene({ target, draw }),
    content: () => Object.fromEntries([...disk].map(([path, bytes]) => [path, Buffer.from(bytes).toString("latin1")])),
  };
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

describe("corrupt", () => {
  test("flips the bits that are drawn, in the files that are meant", async () => {
    const { inject, content, log } = scene({ files: { "state.json": "aaaa", other: "aaaa" }, draw: () => 0.5 });
    await inject(corrupt, { path: "state.*" });
    expect(content()).toEqual({ "state.json": "aaqa", other: "aaaa" });
    expect(log).toEqual(["put state.json", 'hit {"path":"state.json","bytes":1}']);
  });

  test("whatever is drawn, the length stays, something differs, and nowhere in more places than told", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 50 }),
        fc.integer({ min: 1, max: 100 }),
        fc.nat(),
        async (bytes, count, seed) => {
          const text = Buffer.from(bytes).toString("latin1");
          const draw = (decision: string, n: number): number => uniform(seed, [decision, n]);
          const { inject, content } = scene({ files: { state: text }, draw });
          await inject(corrupt, { path: "state", bytes: count });
          const after = bytesOf(content()["state"] ?? "");
          const differing = bytes.filter((byte, index) => byte !== after[index]).length;
          expect(after).toHaveLength(bytes.length);
          expect(differing).toBeGreaterThan(0);
          expect(differing).toBeLessThanOrEqual(count);
        },
      ),
    );
  });

  test("an empty file has no bits, which is no hit, nor is a file that is not there", async () => {
    const { inject, log } = scene({ files: { state: "" } });
    await inject(corrupt, { path: "*" });
    await inject(corrupt, { path: "missing" });
    expect(log).toEqual([]);
  });
});

describe("truncate", () => {
  test("empties a file unless told what is left, once for each file", async () => {
    const { inject, content, log } = scene({ files: { "keys/a": "abc", "keys/b": "abcdef" } });
    await inject(truncate, { path: "keys/*", to: "4B" });
    expect(content()).toEqual({ "keys/a": "abc", "keys/b": "abcd" });
    await inject(truncate, { path: "keys/*" });
    expect(content()).toEqual({ "keys/a": "", "keys/b": "" });
    await inject(truncate, { path: "keys/*" });
    expect(log.filter((line) => line.startsWith("hit"))).toEqual([
      'hit {"path":"keys/b","from":6,"to":4}',
      'hit {"path":"keys/a","from":3,"to":0}',
      'hit {"path":"keys/b","from":4,"to":0}',
    ]);
  });
});

describe("old generation", () => {
  test("brings back what was there before, if that was something else", async () => {
    const { inject, content, log } = scene({
      files: { state: "new", same: "same", young: "first" },
      previous: { state: "old", same: "same", gone: "gone" },
    });
    await inject(oldGeneration, { path: "*" });
    expect(content()).toEqual({ state: "old", same: "same", young: "first" });
    expect(log).toEqual(["put state", 'hit {"path":"state","bytes":3}']);
  });
});

describe("replace", () => {
  test("gives what is meant another content, and what is not there is no hit", async () => {
    const { inject, content, log } = scene({ files: { "a.conf": "old", "b.conf": "", c: "same" } });
    await inject(replacement, { path: "*.conf", text: "new" });
    await inject(replacement, { path: "d.conf", text: "new" });
    expect(content()).toEqual({ "a.conf": "new", "b.conf": "new", c: "same" });
    expect(log.filter((line) => line.startsWith("hit"))).toEqual([
      'hit {"path":"a.conf","bytes":3}',
      'hit {"path":"b.conf","bytes":3}',
    ]);
  });
});

describe("delete", () => {
  test("removes what is meant, and what is not there is no hit", async () => {
    const { inject, content, log } = scene({ files: { "a.pem": "", "b.pem": "", c: "" } });
    await inject(deletion, { path: "*.pem" });
    await inject(deletion, { path: "a.pem" });
    expect(content()).toEqual({ c: "" });
    expect(log).toEqual(['hit {"path":"a.pem"}', 'hit {"path":"b.pem"}']);
  });
});

describe("rename", () => {
  test("puts each file under its new name, in its own directory, and replaces what was there", async () => {
    const { inject, content, log } = scene({ files: { "logs/a": "new", "logs/a.1": "old", b: "" } });
    await inject(rename, { path: "logs/a" });
    await inject(rename, { path: "b", to: "old-*" });
    expect(content()).toEqual({ "logs/a.1": "new", "old-b": "" });
    expect(log).toEqual(['hit {"path":"logs/a","to":"logs/a.1"}', 'hit {"path":"b","to":"old-b"}']);
  });

  test("of several none takes the place of another one, and what is not there is no hit", async () => {
    const { inject, content, log } = scene({ files: { log: "2", "log.1": "1", "$&": "" } });
    await inject(rename, { path: "log*" });
    await inject(rename, { path: "missing" });
    await inject(rename, { path: "*&" });
    expect(content()).toEqual({ "log.1": "2", "log.1.1": "1", "$&.1": "" });
    expect(log).toHaveLength(3);
  });

  test.each(["log.1", "*", "*/1", "a/*", "**", "$to*", ""])("%j is no new name", async (to) => {
    expect(rename.parameters.safeParse({ path: "log", to }).success).toBe(false);
  });
});

describe.each([
  { fault: full, code: "ENOSPC" },
  { fault: readOnly, code: "EROFS" },
])("$fault.kind", ({ fault, code }) => {
  test("refuses until it is lifted, and each refusal is a hit", async () => {
    const { inject, log } = scene();
    const lift = await inject(fault);
    expect(log).toEqual([`refuse ${code}`, `hit {"code":"${code}"}`, `hit {"code":"${code}"}`]);
    await lift?.[Symbol.asyncDispose]();
    expect(log.at(-1)).toBe(`end of ${code}`);
  });
});

describe("power loss", () => {
  test("is drawn by the occurrence's numbers", async () => {
    const { inject, log } = scene({ draw: () => 0.25 });
    await inject(powerLoss);
    expect(log).toEqual(["power loss, scene", "hit {}"]);
  });

  test("is no hit where nothing ran", async () => {
    const { inject, log } = scene({ alive: false });
    await inject(powerLoss);
    expect(log).toEqual(["power loss, scene"]);
  });
});
