import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createLineSplitter, parseFields } from "./lines.ts";

function split(chunks: readonly Uint8Array[]): readonly string[] {
  const lines: string[] = [];
  const splitter = createLineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.feed(chunk);
  splitter.end();
  return lines;
}

test("lines are those of the text, wherever it was cut into chunks", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme" })),
      fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
      (texts, lengths) => {
        const lines = texts.map((text) => text.replaceAll(/[\r\n]/g, ""));
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < bytes.length;) {
          const end = at + (lengths.next().value ?? 1);
          chunks.push(bytes.subarray(at, end));
          at = end;
        }
        expect(split(chunks)).toEqual(lines);
      },
    ),
  );
});

test("a long line is cut at 64 KiB, which is told, and the next one is whole", () => {
  const limit = 64 * 1024;
  const lines: { readonly line: string; readonly cut: boolean }[] = [];
  const splitter = createLineSplitter((line, cut) => lines.push({ line, cut }));
  splitter.feed(Buffer.alloc(100_000, "x"));
  splitter.feed(Buffer.from(`yy\nnext\n${"z".repeat(limit)}\n`));
  expect(lines).toEqual([
    { line: "x".repeat(limit), cut: true },
    { line: "next", cut: false },
    { line: "z".repeat(limit), cut: false },
  ]);
});

test("an empty line is a line, and no line at all is none", () => {
  expect(split([Buffer.from("\n\r\n")])).toEqual(["", ""]);
  expect(split([])).toEqual([]);
});

test.each([
  [`{"event":"ready","port":1}`, { event: "ready", port: 1 }],
  [`{"event":1}`, undefined],
  [`{"port":1}`, undefined],
  [`{"event":"ready"`, undefined],
  [`["event"]`, undefined],
  [`plain words`, undefined],
])("%s is structured as %o", (line, fields) => {
  expect(parseFields(line)).toEqual(fields);
});
