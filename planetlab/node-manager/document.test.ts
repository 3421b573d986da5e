import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dataSchema } from "../plc/data.ts";
import { legacyDocument, toldData, versionedDocument } from "../plc/document.ts";
import { plainDialect } from "../plc/told.ts";
import { generateData } from "../plc/generate.ts";
import { checkDocument, DocumentError, FormatError, readDocument, slicesOfNode, type Place } from "./document.ts";
import { createGuards, type Guard } from "./guards.ts";
import type { Slice } from "./slice.ts";

const data = generateData({ slices: 3, keyBytes: 800, node: 42, nodes: 3 });
const all = dataSchema.parse({
  ...data,
  slices: [...data.slices, { id: 9, name: "elsewhere_only", expiry: 0, nodes: [7], users: [1], rspec: {} }],
});
const at = { timestampSeconds: 1_102_204_800, node: 42 };
const documents = {
  versioned: versionedDocument(toldData(all, at)),
  legacy: legacyDocument(toldData(all, { ...at, node: undefined })),
};
const formats = ["versioned", "legacy"] as const;

interface Options {
  readonly without?: readonly Guard[];
  readonly last?: Place;
  readonly newest?: number;
  readonly known?: readonly Slice[];
}

function use(text: string, { without = [], last, newest = 1, known = [] }: Options = {}) {
  const guards = createGuards(without);
  const document = readDocument({ bytes: Buffer.from(text), outcome: "ok" }, newest);
  checkDocument(document, { guards, nodeId: 42, last, newest });
  return slicesOfNode(document, { nodeId: 42, guards, known });
}

/** Anything but a refusal is a bug, and passes on. */
function whyRefused(text: string, options: Options = {}): string | undefined {
  try {
    use(text, options);
    return undefined;
  } catch (error) {
    if (error instanceof DocumentError || error instanceof FormatError) return error.message;
    throw error;
  }
}

describe("a document", () => {
  test.for(formats)("that is whole gives the node its slices, with their keys: %s", (format) => {
    const { good, bad } = use(documents[format]);
    expect(bad).toEqual([]);
    expect(good).toEqual(
      data.slices.map(({ id, name, expiry, instantiation, rspec, users }) => ({
        id,
        name,
        expiry,
        instantiation,
        rspec,
        keys: data.keys.filter((key) => users.includes(key.person)).map((key) => key.value),
      })),
    );
  });

  test("of 2004, which can't say that a slice has no sliver, leaves such a slice out", () => {
    const [first, ...others] = data.slices;
    const withOff = dataSchema.parse({ ...data, slices: [{ ...first, instantiation: "not-instantiated" }, ...others] });
    const told = toldData(withOff, at);
    const rest = others.map(({ name }) => [name, "plc-instantiated"]);
    const shown = [versionedDocument(told), legacyDocument(told)].map((text) =>
      use(text).good.map(({ name, instantiation }) => [name, instantiation]),
    );
    expect(shown).toEqual([[[first?.name, "not-instantiated"], ...rest], rest]);
  });

  test.for(formats)("that was cut anywhere is refused: %s", (format) => {
    const text = documents[format].trimEnd();
    fc.assert(
      fc.property(fc.nat(text.length - 1), (length) => {
        expect(() => use(text.slice(0, length))).toThrow(DocumentError);
      }),
      { numRuns: 500 },
    );
  });

  test.for(formats)("that was cut gives a naive reader what was in it: %s", (format) => {
    const text = documents[format];
    const inTheSecondSlice = text.indexOf("<user", text.indexOf("princeton_slice002"));
    const { good } = use(text.slice(0, inTheSecondSlice), { without: ["whole-document"] });
    expect(good.map((slice) => slice.name)).toEqual(["princeton_slice001", "princeton_slice002"]);
  });

  test("that lost a slice in the middle is not whole, by its count", () => {
    const slice = /  <slice id="101"[^]*?<\/slice>\n/;
    expect(() => use(documents.versioned.replace(slice, ""))).toThrow(
      "the end marker counts 3 slices, and there are 2",
    );
  });

  test("with one changed byte is refused, and without document-digest used", () => {
    const flipped = documents.versioned.replace('<value type="int">32', '<value type="int">33');
    expect(() => use(flipped)).toThrow("corrupted");
    expect(use(flipped, { without: ["document-digest"] }).good[0]?.rspec).toMatchObject({ nm_cpu_share: 33 });
  });

  test.for([
    "<html><body>Please log in</body></html>",
    documents.versioned.replace('format="1.0"', 'format="2.0"'),
    documents.versioned.replace('format="1.0"', ""),
  ])("of an unknown format is held back, and without document-version it is a list without slices or with", (text) => {
    const others = ["document-digest", "whole-document"] as const;
    expect(() => use(text, { without: others })).toThrow("format not supported");
    expect(() => use(text, { without: [...others, "document-version"] })).not.toThrow();
  });

  test("of a newer minor version is used, unknown elements and attributes left out", () => {
    const newer = documents.versioned
      .replace('format="1.0"', 'format="1.7" colour="red"')
      .replace("<rspec>", "<mood/><rspec>");
    expect(use(newer, { without: ["document-digest"] }).good).toHaveLength(3);
  });

  test("for another node is refused whole", () => {
    const foreign = versionedDocument(toldData(all, { ...at, node: 7 }));
    expect(() => use(foreign)).toThrow("for another node: made for 7, and this is 42");
    expect(use(foreign, { without: ["node-id-check"] }).good).toEqual([]);
  });

  test.for([
    [{ epoch: 1, serial: 1 }, undefined],
    [{ epoch: 1, serial: 2 }, "stale: epoch 1 serial 1, after epoch 1 serial 2"],
    [{ epoch: 2, serial: 0 }, "stale: epoch 1 serial 1, after epoch 2 serial 0"],
    [{ epoch: 0, serial: 99 }, undefined],
  ] as const)("after %o: %s", ([last, why]) => {
    expect(whyRefused(documents.versioned, { last })).toEqual(why);
    expect(use(documents.versioned, { last, without: ["document-order"] }).good).toHaveLength(3);
  });

  test.for(["", "rubbish", "\u0000", "<", "<slices", "<!DOCTYPE slices><slices/>"])(
    "that is none is refused: %j",
    (text) => {
      expect(() => use(text)).toThrow(DocumentError);
    },
  );

  test("any bytes are used or refused", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(documents.versioned.length), (noise, from) => {
        const bytes = Buffer.concat([
          Buffer.from(documents.versioned.slice(0, from)),
          noise,
          Buffer.from(documents.versioned.slice(from)),
        ]);
        const why = whyRefused(bytes.toString("latin1"));
        expect(["string", "undefined"]).toContain(typeof why);
      }),
    );
  });
});

describe("of two majors", () => {
  const second = versionedDocument({
    ...toldData(all, at),
    dialect: { ...plainDialect, format: "2.0", names: { node: "host" } },
  });
  test("each is read by whoever knows it, to the same end", () => {
    const { good } = use(second, { newest: 2 });
    expect(good).toEqual(use(documents.versioned, { newest: 2 }).good);
    expect(use(documents.versioned, { newest: 1 }).good).toEqual(good);
  });

  test("the newer one is not supported by the older reader, and without document-version a list without slices", () => {
    expect(() => use(second, { newest: 1 })).toThrow(FormatError);
    expect(use(second, { newest: 1, without: ["document-version"] }).good).toEqual([]);
  });

  test("whatever else a newer one has, it is its version that is not supported", () => {
    expect(() => use(second.replaceAll("<slice ", "<sliver ").replaceAll("</slice>", "</sliver>"))).toThrow(
      "corrupted",
    );
    const other = second.replace(/ {2}<slice[^]*<end [^>]*>/, "<wanted/>");
    expect(() => use(other)).toThrow("format not supported: <slices> 2.0; this Node Manager reads 1.x");
  });
});

describe("a slice", () => {
  const broken = {
    "without an id": (text: string) => text.replace('id="101"', ""),
    "with a name that leaves its directory": (text: string) => text.replace("princeton_slice001", "../../etc_x"),
    "with an expiry in words, and none before": (text: string) => text.replace('expiry="2147483647"', 'expiry="soon"'),
  };
  test.for(Object.entries(broken))("%s is frozen alone; without freeze-bad-slice nobody is updated", ([, spoil]) => {
    const text = spoil(documents.legacy);
    const { good, bad } = use(text);
    expect(good.map((slice) => slice.name)).toEqual(["princeton_slice002", "princeton_slice003"]);
    expect(bad).toMatchObject([{ why: expect.stringContaining("malformed") }]);
    expect(() => use(text, { without: ["freeze-bad-slice"] })).toThrow("malformed");
  });

  const known = use(documents.versioned).good;
  const spoilt = (attribute: string, value: string | undefined): string =>
    documents.versioned.replace(
      new RegExp(` ${attribute}="[^"]*"`),
      value === undefined ? "" : ` ${attribute}="${value}"`,
    );
  test.for([
    ...[undefined, "", "soon", "0", "-1", "2147483648", "1099511627776", "2038-01-19 03:14:07"].map(
      (value) => ["expiry", value] as const,
    ),
    ...[undefined, "", "perhaps", "1"].map((value) => ["instantiation", value] as const),
  ])("whose %s is %j keeps the one that it had", ([attribute, value]) => {
    const changed = spoilt(attribute, value).replace('<value type="int">32', '<value type="int">33');
    const { good, bad, odd } = use(changed, { known, without: ["document-digest"] });
    expect(bad).toEqual([]);
    expect(odd).toEqual([{ name: "princeton_slice001", field: attribute, value }]);
    expect(good).toMatchObject([{ ...known[0], rspec: { ...known[0]?.rspec, nm_cpu_share: 33 } }, known[1], known[2]]);
  });

  test.for(["NaN", "", "1.5", "many"])("with a share of %j keeps the one that it had, or none", (value) => {
    const text = documents.versioned.replace('<value type="int">32', `<value type="int">${value}`);
    const options = { without: ["document-digest"] as const };
    expect(use(text, { ...options, known }).good[0]).toEqual(known[0]);
    const { nm_cpu_share: _share, ...others } = known[0]?.rspec ?? {};
    expect(use(text, options).good[0]?.rspec).toEqual(others);
  });
});
