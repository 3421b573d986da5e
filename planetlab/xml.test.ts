import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeXml, faultOfXml, readXml, XmlError } from "./xml.ts";

/** The characters that XML 1.0 can carry (section 2.2). */
const isCarried = (character: string): boolean =>
  /^[\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]$/u.test(character);

describe("reading", () => {
  test("any text gives an element, none, or an XmlError", () => {
    const fragments = fc.constantFrom(
      "<",
      ">",
      "/",
      "a",
      "<a>",
      "</a>",
      "<a b='1'",
      "&amp;",
      "&#x110000;",
      "<!--",
      "]]>",
      "<![CDATA[",
      "<?xml",
      "?>",
      "<!DOCTYPE",
      '"',
      "__proto__",
      "\0",
      "\uD800",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(fragments).map((parts) => parts.join("")),
        ),
        (text) => {
          const outcome = outcomeOf(() => readXml(text));
          expect(outcome instanceof Error).toBe(outcome instanceof XmlError);
          expect(["string", "undefined"]).toContain(typeof faultOfXml(text));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("text and attributes come back as they were written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const root = readXml(`<a b="${escapeXml(text)}">${escapeXml(text)}</a>`);
        const carried = Array.from(text, (character) => (isCarried(character) ? character : "\uFFFD")).join("");
        expect(root?.attributes.get("b")).toBe(carried);
        expect(root?.text).toBe(carried);
      }),
    );
  });

  test.for([
    ["<a><b/><c d='1'", ["b"]],
    ["<a><b/><c d='1'/></", ["b", "c"]],
    ["<a><b>text", ["b"]],
  ] as const)("a text that was cut is read as far as it goes: %s", ([text, children]) => {
    expect(readXml(text)?.children.map((child) => child.name)).toEqual(children);
    expect(faultOfXml(text)).toBeDefined();
  });

  test.for(["<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>".repeat(100_000), "<__proto__/>"])(
    "what could harm is refused: %s",
    (text) => {
      expect(() => readXml(text)).toThrow(XmlError);
    },
  );
});

function outcomeOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
