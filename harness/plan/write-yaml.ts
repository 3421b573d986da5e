/**
 * Plain data as the YAML that a person would have written: what fits on a line stands on one, and quotes only where they are needed.
 *
 *     phases:
 *       - { name: warm-up, until: steady, timeout: 20s }
 *       - name: storm
 *         for: 5s
 */
import { isRecord } from "./raw.ts";
import type { Written } from "./schema.ts";
import { scalarText } from "./yaml.ts";

const lineWidth = 110;

type Scalar = string | number | boolean | null;

/** Reads back as the very same data. */
export function writeYaml(document: Readonly<Record<string, Written>>): string {
  return `${linesOf(document, 0).join("\n")}\n`;
}

/** The lines of a value that has lines of its own, indented. */
function linesOf(value: Written, indent: number): readonly string[] {
  const margin = " ".repeat(indent);
  if (Array.isArray(value)) {
    return (value as readonly Written[]).flatMap((item) => {
      const flow = flowOf(item);
      if (flow !== undefined && !isLabel(item) && (fits(flow, indent + 2) || isEmpty(item)))
        return [`${margin}- ${flow}`];
      const [first = "", ...rest] = isScalar(item) ? [blockScalar(item, indent)] : linesOf(item, indent + 2);
      return [`${margin}- ${first.trimStart()}`, ...rest];
    });
  }
  if (isScalar(value)) return [`${margin}${blockScalar(value, indent)}`];
  return Object.entries(value).flatMap(([key, item]) => {
    const head = `${margin}${scalarText(key, "flow")}:`;
    if (isScalar(item)) return [`${head} ${blockScalar(item, indent)}`];
    if (isLongList(item)) return [head, ...filledList(item, indent + 2)];
    const flow = flowOf(item);
    if (flow !== undefined && (fits(flow, head.length + 1) || isEmpty(item))) return [`${head} ${flow}`];
    return [head, ...linesOf(item, indent + 2)];
  });
}

const isScalar = (value: Written): value is Scalar => typeof value !== "object" || value === null;

const isEmpty = (value: Written): boolean => !isScalar(value) && Object.keys(value).length === 0;

/** `- never: node.exited` reads better than `- { never: node.exited }`. */
const isLabel = (item: Written): boolean => isRecord(item) && Object.keys(item).length === 1;

const fits = (text: string, indent: number): boolean => text.length + indent <= lineWidth;

/** A command and its arguments are read along the line. */
const isLongList = (item: Written): item is readonly Scalar[] =>
  Array.isArray(item) && item.length > 0 && item.every(isScalar) && !fits(flowText(item), 2 * indentOfLists);

const indentOfLists = 10;

function filledList(items: readonly Scalar[], indent: number): readonly string[] {
  const margin = " ".repeat(indent);
  const lines: string[] = [];
  for (const [index, item] of items.entries()) {
    const text = `${flowText(item)}${index === items.length - 1 ? "]" : ","}`;
    const line = lines.at(-1);
    if (line === undefined) lines.push(`${margin}[${text}`);
    else if (line.length + 1 + text.length > lineWidth) lines.push(`${margin} ${text}`);
    else lines[lines.length - 1] = `${line} ${text}`;
  }
  return lines;
}

/** On one line, unless there is a map in a map, or a list of more than scalars. */
function flowOf(value: Written): string | undefined {
  if (isScalar(value)) return scalarText(value, "block");
  if (isEmpty(value)) return Array.isArray(value) ? "[]" : "{}";
  if (Array.isArray(value)) return value.every(isScalar) ? flowText(value) : undefined;
  const flat = Object.values(value).every((item) => isScalar(item) || (Array.isArray(item) && item.every(isScalar)));
  return flat ? flowText(value) : undefined;
}

function flowText(value: Written): string {
  if (isScalar(value)) return scalarText(value, "flow");
  if (Array.isArray(value)) return `[${value.map((item) => flowText(item as Written)).join(", ")}]`;
  const entries = Object.entries(value).map(([key, item]) => `${scalarText(key, "flow")}: ${flowText(item)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** A long sentence is folded; the breaks are its single spaces, so that nothing is added and nothing lost. */
function blockScalar(value: Scalar, indent: number): string {
  const text = scalarText(value, "block");
  if (typeof value !== "string" || fits(text, indent + 10) || !/^\S+(?: \S+)+$/.test(value)) return text;
  if (value.length > maximumFolded) return text;
  const margin = " ".repeat(indent + 2);
  const lines: string[] = [];
  for (const word of value.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > lineWidth) lines.push(`${margin}${word}`);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return [">-", ...lines].join("\n");
}

const maximumFolded = 10_000;
