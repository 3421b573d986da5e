/** XML with something else at a path; all around it stays byte for byte. The only file of the faults that knows fast-xml-parser. */
import { XMLParser } from "fast-xml-parser";
import type { Patch } from "./path.ts";

const parser = new XMLParser({
  preserveOrder: true,
  captureMetaData: true,
  ignoreAttributes: false,
  trimValues: false,
  parseTagValue: false,
  processEntities: false,
});
const place = XMLParser.getMetaDataSymbol() as unknown as symbol;

interface Element {
  readonly name: string;
  /** Where it stands in the text, from its `<` on. */
  readonly start: number;
  readonly end: number;
  readonly children: readonly Element[];
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Undefined if the text can't be read as XML, or has nothing there. */
export function patchXml(text: string, patch: Patch): string | undefined {
  // Entity bombs live in document types.
  if (/<!doctype/i.test(text)) return undefined;
  let roots: readonly Element[];
  try {
    roots = elementsIn(parser.parse(text) as unknown);
  } catch {
    return undefined;
  }
  const { steps } = patch;
  const last = steps.at(-1) ?? "";
  const attribute = last.startsWith("@") ? last.slice(1) : undefined;
  const elements = reached(roots, attribute === undefined ? steps : steps.slice(0, -1));
  const edits = elements.flatMap((element) =>
    attribute === undefined ? editOf(text, element, patch) : attributeEditOf(text, element, attribute, patch),
  );
  if (edits.length === 0) return undefined;
  return edits
    .toReversed()
    .reduce((all, { start, end, text: put }) => all.slice(0, start) + put + all.slice(end), text);
}

function reached(roots: readonly Element[], steps: readonly string[]): readonly Element[] {
  const [first, ...others] = steps;
  if (first === undefined) return [];
  return others.reduce((all, step) => all.flatMap(({ children }) => chosen(children, step)), chosen(roots, first));
}

function chosen(elements: readonly Element[], step: string): readonly Element[] {
  const [, name = "", number] = /^(.*?)(?:\[(\d+)\])?$/s.exec(step) ?? [];
  const named = elements.filter((element) => name === "*" || element.name === name);
  return number === undefined ? named : named.slice(Number(number) - 1, Number(number));
}

function editOf(text: string, { name, start, end }: Element, { action, value }: Patch): readonly Edit[] {
  if (action === "remove") return [{ start, end, text: "" }];
  if (action === "duplicate") return [{ start: end, end, text: text.slice(start, end) }];
  const head = endOfTag(text, start);
  if (text[head - 2] === "/") {
    return [{ start: head - 2, end: head, text: `>${escaped(value)}</${name}>` }];
  }
  return [{ start: head, end: text.lastIndexOf("</", end - 1), text: escaped(value) }];
}

function attributeEditOf(text: string, { start }: Element, name: string, { action, value }: Patch): readonly Edit[] {
  const head = endOfTag(text, start);
  const tag = text.slice(start, head);
  const found = new RegExp(`\\s${RegExp.escape(name)}\\s*=\\s*(?:"[^"]*"|'[^']*')`, "s").exec(tag);
  const written = ` ${name}="${escaped(value)}"`;
  if (found === null) {
    if (action !== "set") return [];
    const at = head - (tag.endsWith("/>") ? 2 : 1);
    return [{ start: at, end: at, text: written }];
  }
  const from = start + found.index;
  const until = from + found[0].length;
  if (action === "duplicate") return [{ start: until, end: until, text: found[0] }];
  return [{ start: from, end: until, text: action === "set" ? written : "" }];
}

/** Behind the `>` of the tag that begins here. */
function endOfTag(text: string, start: number): number {
  const [tag = ""] = /^<(?:[^"'>]|"[^"]*"|'[^']*')*>/s.exec(text.slice(start)) ?? [];
  return start + tag.length;
}

function escaped(value: string): string {
  return value.replaceAll(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The parser's own shape: an array of `{ [name]: nodes, [place]: { startIndex, endIndex } }` and `{ "#text": text }`. */
function elementsIn(nodes: unknown): readonly Element[] {
  if (!Array.isArray(nodes)) return [];
  return (nodes as readonly Readonly<Record<string | symbol, unknown>>[]).flatMap((node): readonly Element[] => {
    const name = Object.keys(node).find((key) => key !== ":@" && key !== "#text");
    const at = node[place] as { readonly startIndex?: number; readonly endIndex?: number } | undefined;
    if (name === undefined || name.startsWith("?") || at?.startIndex === undefined || at.endIndex === undefined)
      return [];
    return [{ name, start: at.startIndex, end: at.endIndex, children: elementsIn(node[name]) }];
  });
}
