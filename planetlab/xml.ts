/**
 * XML as both programs read and write it. The only file that imports fast-xml-parser; no other file sees its types.
 *
 * The reader is tolerant, as SAX readers are: it hands out what it understood up to the place where the text ends or stops making sense.
 * Whether a text is whole is a question of its own, `faultOfXml`: whoever needs a whole text must ask it.
 */
import { XMLParser, XMLValidator } from "fast-xml-parser";

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All character data directly inside, joined. */
  readonly text: string;
}

/** The text is not XML that we read: its author is asked to change it, so callers report it and go on. */
export class XmlError extends Error {
  override readonly name = "XmlError";
}

const textKey = "#text";
const attributesKey = ":@";

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  textNodeName: textKey,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

/**
 * The root element of a text, as far as it can be read; undefined if there is none.
 * @throws {XmlError} on a document type declaration (entity bombs live there), on a second root, and on what no reading can make sense of.
 */
export function readXml(text: string): XmlElement | undefined {
  if (/<!doctype/i.test(text)) throw new XmlError("a document type declaration is not accepted");
  // A text that was cut inside a tag is read up to the tag before it.
  const readable = text.slice(0, text.lastIndexOf(">") + 1);
  let nodes: unknown;
  try {
    nodes = parser.parse(readable);
  } catch (cause) {
    throw new XmlError(cause instanceof Error ? cause.message : "unreadable", { cause });
  }
  const [root, ...others] = elements(nodes);
  if (others.length > 0) throw new XmlError(`<${others[0]?.name}> comes after the end`);
  return root;
}

/** Why a text is not one whole, well-formed document; undefined if it is. */
export function faultOfXml(text: string): string | undefined {
  try {
    const outcome = XMLValidator.validate(text);
    if (outcome === true) return undefined;
    return `${outcome.err.msg} (line ${outcome.err.line})`;
  } catch (cause) {
    return cause instanceof Error ? cause.message : "unreadable";
  }
}

export function childrenNamed(parent: XmlElement, name: string): readonly XmlElement[] {
  return parent.children.filter((child) => child.name === name);
}

/** The only child of that name. @throws {XmlError} */
export function onlyChild(parent: XmlElement, name: string): XmlElement {
  const [child, ...others] = childrenNamed(parent, name);
  if (child === undefined || others.length > 0) throw new XmlError(`<${parent.name}> needs exactly one <${name}>`);
  return child;
}

/** Text for an attribute in double quotes or for an element. Characters that XML 1.0 cannot carry become U+FFFD. */
export function escapeXml(text: string): string {
  return (
    text
      .toWellFormed()
      // oxlint-disable-next-line no-control-regex -- these are the characters that XML 1.0 excludes (section 2.2)
      .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, "\uFFFD")
      .replaceAll(/[&<>"\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
  );
}

const namedEntities = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(
    /&(?:#(?<decimal>\d{1,7})|#x(?<hexadecimal>[\da-fA-F]{1,6})|(?<named>[a-z]{2,4}));/g,
    (whole, decimal?: string, hexadecimal?: string, named?: string) => {
      if (named !== undefined) return namedEntities.get(named) ?? whole;
      const code = decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number(decimal);
      return code <= 0x10_ff_ff ? String.fromCodePoint(code) : "\uFFFD";
    },
  );
}

/** The parser's own shape: an array of `{ [name]: nodes, ":@": { [attribute]: text } }` and `{ "#text": text }`. */
function elements(nodes: unknown): XmlElement[] {
  if (!Array.isArray(nodes)) return [];
  return nodes.filter(isRecord).flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== attributesKey);
    if (name === undefined || name === textKey) return [];
    const inside: unknown = node[name];
    const attributes = isRecord(node[attributesKey]) ? Object.entries(node[attributesKey]) : [];
    return [
      {
        name,
        attributes: new Map(attributes.map(([key, value]) => [key, unescapeXml(String(value))])),
        children: elements(inside),
        text: Array.isArray(inside) ? inside.filter(isRecord).map(textOf).join("") : "",
      },
    ];
  });
}

function textOf(node: Readonly<Record<string, unknown>>): string {
  const text = node[textKey];
  return typeof text === "string" ? unescapeXml(text) : "";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
