/**
 * The slices document: what PLC wants on its nodes.
 *
 *     bytes ──readDocument──► Document ──the guards' checks──► slices of this node ──► apply
 *
 * Two formats: the versioned one (`<slices format="1.0" epoch serial timestamp count node> … <end count digest/>`; 2.x calls nodes hosts), and the one of 2004,
 * whose version was in the file's name: no version, no count, no end (reference 1.2). Reading is tolerant; what may be used is decided by the checks, each the
 * heart of one guard.
 */
import { digestOf } from "../digest.ts";
import { childrenNamed, faultOfXml, readXml, XmlError, type XmlElement } from "../xml.ts";
import { confFileSchema, type ConfFile } from "./conf-files.ts";
import { FetchError, type Transfer } from "./fetch.ts";
import type { Guards } from "./guards.ts";
import type { OddField, Slice, Told, ToldSlice } from "./slice.ts";
import { readSlice, SliceError } from "./slice.ts";

export interface Document {
  readonly text: string;
  /** How its transfer ended. */
  readonly transfer: Transfer["outcome"];
  readonly root: string | undefined;
  /** "major.minor"; the legacy format says nothing and is 0.5. */
  readonly format: string | undefined;
  readonly epoch: number | undefined;
  readonly serial: number | undefined;
  /** The publisher's clock, in seconds. */
  readonly timestamp: number | undefined;
  /** When each slice of the list was written, in seconds of the publisher's clock: all that a document of 2004 says of its age. */
  readonly written: readonly number[];
  /** The node that the document was made for, if it was made for one. */
  readonly node: number | undefined;
  readonly end: { readonly count: number | undefined; readonly digest: string | undefined } | undefined;
  readonly slices: readonly ToldSlice[];
  /** Keys by person, as `authorized_keys` lines. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  /** Names of slices that were deleted, and are not just missing. */
  readonly deleted: readonly string[];
  readonly confFiles: readonly ConfFile[];
}

/** The place of a document in the publisher's sequence. An epoch begins when the publisher has lost count. */
export interface Place {
  readonly epoch: number;
  readonly serial: number;
}

/** The document is not used; `why` goes to the log. */
export class DocumentError extends Error {
  override readonly name = "DocumentError";
}

/** The document is of a format that this Node Manager does not know; a later one may. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

/** `newest`: the latest major version that is known. @throws {DocumentError} if nothing can be made of the text. */
export function readDocument({ bytes, outcome }: Pick<Transfer, "bytes" | "outcome">, newest: number): Document {
  const text = new TextDecoder().decode(bytes);
  const root = read(text);
  const end = root?.children.at(-1);
  const vocabulary = vocabularyOf(root?.attributes.get("format"), newest);
  const keys = keysByPerson(root === undefined ? [] : childrenNamed(root, "key"));
  const slices = root === undefined ? [] : childrenNamed(root, "slice");
  return {
    text,
    transfer: outcome,
    root: root?.name,
    format: root?.name === legacyRoot ? "0.5" : root?.attributes.get("format"),
    epoch: integerOf(root, "epoch"),
    serial: integerOf(root, "serial"),
    timestamp: integerOf(root, "timestamp"),
    node: integerOf(root, vocabulary.node),
    end: end?.name === "end" ? { count: integerOf(end, "count"), digest: end.attributes.get("digest") } : undefined,
    slices: slices.map((slice) => tellSlice(slice, vocabulary, keys)),
    written: slices.flatMap((slice) =>
      childrenNamed(slice, "timestamp").flatMap((each) => integerOf(each, "value") ?? []),
    ),
    keys,
    confFiles: root === undefined ? [] : childrenNamed(root, "conf_file").flatMap(confFileOf),
    deleted:
      root === undefined ? [] : childrenNamed(root, "deleted").flatMap((slice) => slice.attributes.get("name") ?? []),
  };
}

/** What differs from one major version to the next. */
interface Vocabulary {
  readonly node: string;
  /** What a slice is that says nothing about it. */
  readonly instantiation?: string;
}
const legacyVocabulary: Vocabulary = { node: "node", instantiation: "plc-instantiated" };
const vocabularies: readonly Vocabulary[] = [legacyVocabulary, { node: "node" }, { node: "host" }];

/** A version that is not known is read as the newest that is. */
function vocabularyOf(format: string | undefined, newest: number): Vocabulary {
  if (format === undefined) return legacyVocabulary;
  return vocabularies[Math.min(majorOf(format) ?? newest, newest)] ?? legacyVocabulary;
}

const majorOf = (format: string): number | undefined => {
  const major = /^(\d{1,4})\.\d{1,4}$/.exec(format)?.[1];
  return major === undefined ? undefined : Number(major);
};

function tellSlice(
  element: XmlElement,
  vocabulary: Vocabulary,
  keys: ReadonlyMap<string, readonly string[]>,
): ToldSlice {
  const { attributes } = element;
  const people = childrenNamed(element, "user").map((user) => user.attributes.get("person_id") ?? "");
  const resources = childrenNamed(element, "rspec").flatMap((rspec) => childrenNamed(rspec, "resource"));
  const rspec = resources.flatMap((resource): readonly (readonly [string, Told])[] => {
    const name = resource.attributes.get("name");
    return name === undefined ? [] : [[name, childrenNamed(resource, "value")[0]?.text.trim()]];
  });
  return {
    id: attributes.get("id"),
    name: attributes.get("name"),
    expiry: attributes.get("expiry"),
    instantiation: attributes.get("instantiation") ?? vocabulary.instantiation,
    rspec: Object.fromEntries(rspec),
    keys: people.flatMap((person) => keys.get(person) ?? []),
    nodes: childrenNamed(element, vocabulary.node).flatMap((node) => integerOf(node, "id") ?? []),
  };
}

export interface CheckOptions {
  readonly guards: Guards;
  readonly nodeId: number;
  readonly last: Place | undefined;
  /** The latest major version that is known. */
  readonly newest: number;
}

/** All checks whose guard is on, in an order in which the first failure is the most telling one. @throws {DocumentError, FetchError, FormatError} */
export function checkDocument(document: Document, { guards, nodeId, last, newest }: CheckOptions): void {
  if (guards.has("whole-document")) requireWhole(document, newest);
  if (guards.has("document-digest")) requireDigest(document);
  if (guards.has("document-version")) requireKnownVersion(document, newest);
  if (guards.has("node-id-check")) requireNode(document, nodeId);
  if (guards.has("document-order")) requireOrder(document, last);
}

export interface SlicesOfNode {
  readonly good: readonly Slice[];
  readonly bad: readonly BadSlice[];
  readonly odd: readonly OddField[];
}

/** What the document wants on this node. Which slices are for which node is told by numeric ids alone. */
export function slicesOfNode(
  document: Pick<Document, "slices">,
  options: { readonly nodeId: number; readonly guards: Guards; readonly known: readonly Slice[] },
): SlicesOfNode {
  const { nodeId, guards } = options;
  const known = new Map(options.known.map((slice) => [slice.name, slice]));
  const good: Slice[] = [];
  const bad: BadSlice[] = [];
  const odd: OddField[] = [];
  const onOdd = (field: OddField): void => void odd.push(field);
  const take = (told: ToldSlice): void => {
    good.push(readSlice(told, { guards, known: known.get(String(told.name)), onOdd }));
  };
  const takeOrFreeze = (told: ToldSlice): void => {
    try {
      take(told);
    } catch (error) {
      if (!(error instanceof SliceError)) throw error;
      bad.push({ id: told.id, name: told.name, why: error.message });
    }
  };
  const own = document.slices.filter(({ nodes }) => nodes.includes(nodeId));
  own.forEach(guards.has("freeze-bad-slice") ? takeOrFreeze : take);
  return { good, bad, odd };
}

export interface BadSlice {
  readonly id: Told;
  readonly name: Told;
  readonly why: string;
}

const legacyRoot = "planetlab_slices";

function requireWhole(document: Document, newest: number): void {
  if (document.transfer !== "ok")
    throw new FetchError(document.transfer, `not whole: the transfer was ${document.transfer}`);
  const fault = faultOfXml(document.text);
  if (fault !== undefined) throw new DocumentError(`not whole: ${fault}`);
  // How a format ends that is not known is not known either.
  if (document.root === legacyRoot || !isKnown(document, newest)) return;
  if (document.end === undefined) throw new DocumentError("not whole: there is no end marker");
  if (document.end.count !== document.slices.length) {
    throw new DocumentError(
      `not whole: the end marker counts ${document.end.count} slices, and there are ${document.slices.length}`,
    );
  }
}

function requireDigest(document: Document): void {
  const stated = document.end?.digest;
  if (stated === undefined) return;
  const actual = digestOf(document.text.slice(0, document.text.lastIndexOf("<end ")));
  if (stated !== actual)
    throw new DocumentError(`corrupted: the digest is ${actual}, and the document states ${stated}`);
}

function requireKnownVersion(document: Document, newest: number): void {
  if (document.root === legacyRoot || isKnown(document, newest)) return;
  throw new FormatError(
    `format not supported: <${document.root ?? ""}> ${document.format ?? "unversioned"}; this Node Manager reads ${newest > 1 ? `1.x to ${newest}.x` : "1.x"}`,
  );
}

function isKnown({ root, format }: Document, newest: number): boolean {
  const major = majorOf(format ?? "");
  return root === "slices" && major !== undefined && major >= 1 && major <= newest;
}

function requireNode(document: Document, nodeId: number): void {
  if (document.node === undefined || document.node === nodeId) return;
  throw new DocumentError(`for another node: made for ${document.node}, and this is ${nodeId}`);
}

function requireOrder({ epoch, serial }: Document, last: Place | undefined): void {
  if (last === undefined || epoch === undefined || serial === undefined) return;
  if (epoch > last.epoch || (epoch === last.epoch && serial >= last.serial)) return;
  throw new DocumentError(`stale: epoch ${epoch} serial ${serial}, after epoch ${last.epoch} serial ${last.serial}`);
}

function read(text: string): XmlElement | undefined {
  try {
    return readXml(text);
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    throw new DocumentError(`unreadable: ${cause.message}`, { cause });
  }
}

/** None, if it is no name of a conf file: it could lead anywhere. */
function confFileOf({ attributes }: XmlElement): readonly ConfFile[] {
  const read = confFileSchema.safeParse({ source: attributes.get("source"), digest: attributes.get("digest") });
  return read.success ? [read.data] : [];
}

function keysByPerson(keys: readonly XmlElement[]): ReadonlyMap<string, readonly string[]> {
  const byPerson = new Map<string, string[]>();
  for (const key of keys) {
    const person = key.attributes.get("person_id");
    const value = key.attributes.get("value");
    if (person === undefined || value === undefined) continue;
    const known = byPerson.get(person);
    if (known === undefined) byPerson.set(person, [value]);
    else known.push(value);
  }
  return byPerson;
}

function integerOf(element: XmlElement | undefined, attribute: string): number | undefined {
  const text = element?.attributes.get(attribute) ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
