/**
 * The slices document: what PLC wants on its nodes.
 *
 *     bytes ──readDocument──► Document ──the guards' checks──► slices of this node ──► apply
 *
 * Two formats: the versioned one (`<slices format="1.0" epoch serial timestamp count node> … <end count digest/>`), and the one of 2004, whose version was in
 * the file's name: no version, no count, no end (reference 1.2). Reading is tolerant; what may be used is decided by the checks, each the heart of one guard.
 */
import { createHash } from "node:crypto";
import { childrenNamed, faultOfXml, readXml, XmlError, type XmlElement } from "../xml.ts";
import { FetchError, type Transfer } from "./fetch.ts";
import type { Guards } from "./guards.ts";
import type { Slice } from "./slice.ts";
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
  /** The node that the document was made for, if it was made for one. */
  readonly node: number | undefined;
  readonly end: { readonly count: number | undefined; readonly digest: string | undefined } | undefined;
  readonly slices: readonly XmlElement[];
  /** Keys by person, as `authorized_keys` lines. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
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

/** @throws {DocumentError} if nothing can be made of the text. */
export function readDocument({ bytes, outcome }: Transfer): Document {
  const text = new TextDecoder().decode(bytes);
  const root = read(text);
  const end = root?.children.at(-1);
  return {
    text,
    transfer: outcome,
    root: root?.name,
    format: root?.name === legacyRoot ? "0.5" : root?.attributes.get("format"),
    epoch: integerOf(root, "epoch"),
    serial: integerOf(root, "serial"),
    timestamp: integerOf(root, "timestamp"),
    node: integerOf(root, "node"),
    end: end?.name === "end" ? { count: integerOf(end, "count"), digest: end.attributes.get("digest") } : undefined,
    slices: root === undefined ? [] : childrenNamed(root, "slice"),
    keys: keysByPerson(root === undefined ? [] : childrenNamed(root, "key")),
  };
}

/** All checks whose guard is on, in an order in which the first failure is the most telling one. @throws {DocumentError, FetchError} */
export function checkDocument(
  document: Document,
  options: { readonly guards: Guards; readonly nodeId: number; readonly last: Place | undefined },
): void {
  const { guards, nodeId, last } = options;
  if (guards.has("whole-document")) requireWhole(document);
  if (guards.has("document-digest")) requireDigest(document);
  if (guards.has("document-version")) requireKnownVersion(document);
  if (guards.has("node-id-check")) requireNode(document, nodeId);
  if (guards.has("document-order")) requireOrder(document, last);
}

/** What the document wants on this node: good slices, and bad ones with the reason. Which slices are for which node is told by numeric ids alone. */
export function slicesOfNode(
  document: Document,
  nodeId: number,
  guards: Guards,
): { readonly good: readonly Slice[]; readonly bad: readonly BadSlice[] } {
  const good: Slice[] = [];
  const bad: BadSlice[] = [];
  const take = (element: XmlElement): void => {
    good.push(readSlice(element, document.keys));
  };
  const takeOrFreeze = (element: XmlElement): void => {
    try {
      take(element);
    } catch (error) {
      if (!(error instanceof SliceError)) throw error;
      bad.push({ id: integerOf(element, "id"), name: element.attributes.get("name"), why: error.message });
    }
  };
  const own = document.slices.filter((element) =>
    childrenNamed(element, "node").some((node) => integerOf(node, "id") === nodeId),
  );
  own.forEach(guards.has("freeze-bad-slice") ? takeOrFreeze : take);
  return { good, bad };
}

export interface BadSlice {
  readonly id: number | undefined;
  readonly name: string | undefined;
  readonly why: string;
}

const legacyRoot = "planetlab_slices";
const knownMajor = "1";

function requireWhole(document: Document): void {
  if (document.transfer !== "ok")
    throw new FetchError(document.transfer, `not whole: the transfer was ${document.transfer}`);
  const fault = faultOfXml(document.text);
  if (fault !== undefined) throw new DocumentError(`not whole: ${fault}`);
  if (document.root === legacyRoot) return;
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

function requireKnownVersion(document: Document): void {
  if (document.root === legacyRoot) return;
  if (document.root !== "slices")
    throw new DocumentError(`format not supported: <${document.root ?? ""}> is no list of slices`);
  if (document.format?.split(".")[0] !== knownMajor) {
    throw new DocumentError(
      `format not supported: ${document.format ?? "unversioned"}; this Node Manager reads ${knownMajor}.x`,
    );
  }
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

/** The digest that a versioned document states: over its bytes up to the end marker. */
function digestOf(text: string): string {
  return `sha-256=${createHash("sha256").update(text).digest("hex")}`;
}

function read(text: string): XmlElement | undefined {
  try {
    return readXml(text);
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    throw new DocumentError(`unreadable: ${cause.message}`, { cause });
  }
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
