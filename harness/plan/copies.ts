/**
 * A service with `copies: 3` stands for three services. They are written out before anything else is made of the plan, so that nothing else knows
 * of copies:
 *
 *     node: { …, copies: 3 }            ──►   node_1, node_2, node_3
 *     fetch: { from: node, to: plc }    ──►   fetch_1, fetch_2, fetch_3: a link for each client
 *     args: [--number, $copy]           ──►   [--number, "1"], [--number, "2"], [--number, "3"]
 *     where: node                       ──►   where: [node_1, node_2, node_3]
 *     never: node.exited                ──►   never: node_1.exited · never: node_2.exited · never: node_3.exited
 *     controls: { service: node, … }    ──►   { service: node_1, … }
 *
 * What could mean any of them (`to: node`, a condition that a step waits for) stays as it is, and is a problem for whoever looks for a `node`.
 */
import { mentionsIn, rename } from "../expression/names.ts";
import { expectationWords } from "./document/expectations.ts";
import { mostCopies } from "./document/words.ts";
import { createMoves, unmoved } from "./moved.ts";
import type { Moves, WrittenAt } from "./moved.ts";
import { isRecord, textAt } from "./raw.ts";
import type { Raw } from "./raw.ts";
import type { Written } from "./schema.ts";
import type { Path } from "./tree.ts";
import { squeeze, wordingOf } from "./wording.ts";

export interface Expanded {
  readonly document: Raw;
  readonly copies: Copies;
  readonly writtenAt: WrittenAt;
  /** In paths of the plan as it is written. */
  readonly problems: readonly { readonly path: Path; readonly message: string }[];
}

/** What its copies are called, by the name of a service, or of a link that comes from one. */
export type Copies = ReadonlyMap<string, readonly string[]>;

/** For whoever has to name one of them. */
export function whichOne(name: string, copies: readonly string[]): string {
  const [first = "", second, third] = copies;
  const all = third === undefined ? copies.join(" and ") : `${first} to ${copies.at(-1)}`;
  return `${name} stands for ${all}: write the one that is meant, such as ${second ?? first}`;
}

interface Expansion {
  readonly moves: Moves;
  readonly copies: Map<string, readonly string[]>;
  /** The service that decides which copy of a name goes with which: itself, or the one that a link comes from. */
  readonly owners: Map<string, string>;
  /** By owner, and by what an expectation is called in the plan: what those of its copies are called. */
  readonly called: Map<string, Map<string, readonly string[]>>;
  readonly problems: { readonly path: Path; readonly message: string }[];
}

/** The document may be wrong in any way. */
export function expandCopies(document: Raw): Expanded {
  const expansion: Expansion = {
    moves: createMoves(),
    copies: new Map(),
    owners: new Map(),
    called: new Map(),
    problems: [],
  };
  const { copies, moves, problems } = expansion;
  const services = changed(document, "services", (written) => copyServices(written, expansion));
  if (copies.size === 0) return { document, copies, writtenAt: unmoved, problems };

  let expanded = changed(services, "links", (links) => copyLinks(links, expansion));
  for (const key of ["steady", "expect"])
    expanded = changed(expanded, key, (list) => copyExpectations(list, [key], expansion));
  expanded = changed(expanded, "phases", (phases) =>
    eachOf(phases, (phase, index) => copyInPhase(phase, ["phases", index], expansion)),
  );
  expanded = changed(expanded, "controls", (controls) => eachOf(controls, (each) => chooseCopy(each, expansion)));
  expanded = changed(expanded, "mix", (mix) =>
    isRecord(mix) ? changed(mix, "where", (where) => copyPlaces(where, ["mix", "where"], expansion)) : mix,
  );
  return { document: expanded, copies, writtenAt: moves.writtenAt, problems };
}

function copyServices(services: Written, expansion: Expansion): Written {
  return copyEntries(services, "services", expansion, (name, { copies: count, ...raw }) => {
    if (typeof count === "string") {
      const message = "write a number, such as 3: how many copies there are can't be drawn, nor be a parameter";
      expansion.problems.push({ path: ["services", name, "copies"], message });
    }
    // What is no number of copies has a problem of its own.
    if (typeof count !== "number" || !Number.isInteger(count) || count < 1 || count > mostCopies) return undefined;
    if (count > 1 && raw["ports"] !== undefined) {
      const message = `leave out ports: ${name} has ${count} copies, and only one of them could have a port`;
      expansion.problems.push({ path: ["services", name, "ports"], message });
    }
    const { ports: _ports, ...portless } = raw;
    return { owner: name, count, copyOf: (number) => numbered(number === 1 ? raw : portless, number) };
  });
}

/** Where copies are told apart by what they are told: the word stands for the number of each. */
function numbered(raw: Raw, number: number): Raw {
  const tell = (written: Written): Written => {
    if (written === "$copy") return String(number);
    if (Array.isArray(written)) return (written as readonly Written[]).map(tell);
    return isRecord(written)
      ? Object.fromEntries(Object.entries(written).map(([key, value]) => [key, tell(value)]))
      : written;
  };
  return ["command", "args", "env"].reduce((told, key) => changed(told, key, tell), raw);
}

function copyLinks(links: Written, expansion: Expansion): Written {
  return copyEntries(links, "links", expansion, (_name, raw) => {
    const owner = textAt(raw, "from");
    const names = owner === undefined ? undefined : expansion.copies.get(owner);
    if (owner === undefined || names === undefined) return undefined;
    return { owner, count: names.length, copyOf: (number) => ({ ...raw, from: `${owner}_${number}` }) };
  });
}

interface Copying {
  readonly owner: string;
  readonly count: number;
  readonly copyOf: (number: number) => Raw;
}

function copyEntries(
  written: Written,
  key: string,
  { copies, owners, moves, problems }: Expansion,
  copyingOf: (name: string, raw: Raw) => Copying | undefined,
): Written {
  if (!isRecord(written)) return written;
  const entries = Object.entries(written).flatMap(([name, raw]): [string, Written][] => {
    const copying = isRecord(raw) ? copyingOf(name, raw) : undefined;
    if (copying === undefined) return [[name, raw]];
    const names = Array.from({ length: copying.count }, (_, index) => `${name}_${index + 1}`);
    copies.set(name, names);
    owners.set(name, copying.owner);
    for (const taken of names.filter((each) => Object.hasOwn(written, each)))
      problems.push({
        path: [key, taken],
        message: `a copy of ${name} is called ${taken} already: choose another name`,
      });
    return names.map((each, index) => {
      moves.add([key, each], [key, name]);
      return [each, copying.copyOf(index + 1)];
    });
  });
  return Object.fromEntries(entries);
}

function copyInPhase(phase: Written, path: Path, expansion: Expansion): Written {
  if (!isRecord(phase)) return phase;
  const stepped = changed(phase, "faults", (faults) =>
    eachOf(faults, (step, index) => copyInStep(step, [...path, "faults", index], expansion)),
  );
  return changed(stepped, "expect", (list) => copyExpectations(list, [...path, "expect"], expansion));
}

function copyInStep(step: Written, path: Path, expansion: Expansion): Written {
  if (!isRecord(step)) return step;
  const placed = changed(step, "where", (where) => copyPlaces(where, [...path, "where"], expansion));
  return changed(placed, "expect", (list) => copyExpectations(list, [...path, "expect"], expansion));
}

/** Whoever names all copies at once means each of them. */
function copyPlaces(where: Written, path: Path, expansion: Expansion): Written {
  const { copies, moves } = expansion;
  if (typeof where === "string") {
    const names = copies.get(where) ?? [];
    for (const index of names.keys()) moves.add([...path, index], path);
    return names.length === 0 ? where : names;
  }
  if (!Array.isArray(where)) {
    if (!isRecord(where)) return where;
    const listed = (within: Raw, key: string): Raw =>
      changed(within, key, (list) =>
        Array.isArray(list) ? copyPlaces(list as Written, [...path, key], expansion) : list,
      );
    return listed(listed(where, "one_of"), "of");
  }
  return flattened(where as readonly Written[], path, moves, (name) =>
    (typeof name === "string" ? copies.get(name) : undefined)?.map((each) => ({ item: each })),
  );
}

function copyExpectations(list: Written, path: Path, expansion: Expansion): Written {
  if (!Array.isArray(list)) return list;
  return flattened(list as readonly Written[], path, expansion.moves, (item) => {
    const owner = isRecord(item) ? ownerIn(item, expansion) : undefined;
    return owner === undefined ? undefined : copiesOfExpectation(item as Raw, owner, expansion);
  });
}

/** Of several there is no telling which copy goes with which. */
function ownerIn(expectation: Raw, { owners }: Expansion): string | undefined {
  const texts = textKeys.map((key) => textAt(expectation, key) ?? "");
  const found = new Set(texts.flatMap(mentionsIn).flatMap(({ name }) => owners.get(name) ?? []));
  const [owner] = found;
  return found.size === 1 ? owner : undefined;
}

const textKeys = [...expectationWords, "then"];

function copiesOfExpectation(raw: Raw, owner: string, { copies, owners, called }: Expansion): readonly Copy[] {
  const together = [...copies].filter(([name]) => owners.get(name) === owner);
  const all = (copies.get(owner) ?? []).map((copy, index): Copy & { readonly item: Raw } => {
    const names = new Map(together.map(([name, each]) => [name, each[index] ?? name]));
    const texts = textKeys.flatMap((key) => {
      const text = textAt(raw, key);
      return text === undefined ? [] : [[key, rename(text, names)] as const];
    });
    const name = textAt(raw, "name");
    return {
      item: {
        ...raw,
        ...Object.fromEntries(texts.map(([key, { text }]) => [key, text])),
        ...(name === undefined ? {} : { name: `${name} of ${copy}` }),
      },
      offsets: new Map(texts.map(([key, { originalOffset }]) => [key, originalOffset])),
    };
  });
  const names = called.get(owner) ?? new Map<string, readonly string[]>();
  called.set(owner, names);
  for (const [index, name] of callsOf(raw).entries())
    names.set(
      squeeze(name),
      all.map(({ item }) => callsOf(item)[index] ?? name),
    );
  return all;
}

/** What a control may call it. */
function callsOf(expectation: Raw): readonly string[] {
  const name = textAt(expectation, "name");
  return [
    ...(name === undefined ? [] : [name]),
    ...expectationWords.flatMap((word) => wordingOf(expectation, word) ?? []),
  ];
}

/** One copy without its guard, among others that have it, is the telling test, unless what it guards against takes them all. */
function chooseCopy(control: Written, { copies, called }: Expansion): Written {
  const service = textAt(control, "service");
  if (!isRecord(control) || service === undefined) return control;
  const others = control["also"];
  const also = Array.isArray(others)
    ? { also: others.flatMap((each) => (typeof each === "string" ? (copies.get(each) ?? [each]) : [each])) }
    : {};
  const [owner, names] = [...copies].find(([name, each]) => name === service || each.includes(service)) ?? [];
  if (owner === undefined || names === undefined) return { ...control, ...also };
  const index = Math.max(0, names.indexOf(service));
  const fails = called.get(owner)?.get(squeeze(textAt(control, "fails") ?? ""))?.[index];
  return { ...control, ...also, service: names[index] ?? service, ...(fails === undefined ? {} : { fails }) };
}

/** What stands in a list instead of one of its items. */
interface Copy {
  readonly item: Written;
  /** Of its texts that are longer than they were. */
  readonly offsets?: ReadonlyMap<string, (offset: number) => number>;
}

function flattened(
  list: readonly Written[],
  path: Path,
  moves: Moves,
  copiesOf: (item: Written) => readonly Copy[] | undefined,
): readonly Written[] {
  const all = list.flatMap((item, index) => (copiesOf(item) ?? [{ item }]).map((copy: Copy) => ({ ...copy, index })));
  for (const [position, { index, offsets = [] }] of all.entries()) {
    moves.add([...path, position], [...path, index]);
    for (const [key, offset] of offsets) moves.add([...path, position, key], [...path, index, key], offset);
  }
  return all.map(({ item }) => item);
}

/** The same with another value under a key, if there is one. */
function changed(raw: Raw, key: string, change: (value: Written) => Written): Raw {
  if (!Object.hasOwn(raw, key)) return raw;
  return Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, name === key ? change(value) : value]));
}

function eachOf(list: Written, change: (item: Written, index: number) => Written): Written {
  return Array.isArray(list) ? (list as readonly Written[]).map(change) : list;
}
