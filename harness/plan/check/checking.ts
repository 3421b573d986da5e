/** What every check works on: the document as plain data, which may be wrong in any way, and a way to complain. */
import type { Repertoire } from "../../../faults/registry.ts";
import type { Problem } from "../../errors.ts";
import type { BoundNames, Complain } from "../bind.ts";
import type { Copies } from "../copies.ts";
import { isName } from "../document/words.ts";
import { isRecord, listAt, recordAt, textAt } from "../raw.ts";
import type { Raw } from "../raw.ts";
import type { Subject } from "../schema.ts";
import { rawSteps } from "../step.ts";
import type { RawStep } from "../step.ts";
import { find, placeOf, placeOfKey, problemAt } from "../tree.ts";
import type { MapTree, Path } from "../tree.ts";

export interface Checking {
  readonly document: Raw;
  readonly names: BoundNames;
  readonly services: readonly string[];
  readonly links: readonly string[];
  readonly copies: Copies;
  readonly subjects: ReadonlyMap<string, Subject>;
  readonly repertoire: Repertoire;
  /** Of the files that a service's kind names. */
  readonly textsOf: (service: string) => Readonly<Record<string, string>>;
  readonly phases: readonly RawPhase[];
  /** Names of phases and steps: what `during` may say. */
  readonly labels: ReadonlySet<string>;
  readonly complain: Complain;
}

export interface RawPhase {
  readonly index: number;
  readonly raw: Raw;
  readonly name: string;
  readonly steps: readonly RawStep[];
}

export function rawPhases(document: Raw, repertoire: Repertoire): readonly RawPhase[] {
  return listAt(document, "phases").map((phase, index) => {
    const raw = isRecord(phase) ? phase : {};
    return { index, raw, name: textAt(raw, "name") ?? "", steps: rawSteps(raw, index, repertoire) };
  });
}

/** Names under a key; one that is no name has a problem of its own. */
export function keysOf(document: Raw, key: string): readonly string[] {
  return Object.keys(recordAt(document, key)).filter((name) => isName(name));
}

const under = (raw: Raw, key: string, path: Path) =>
  listAt(raw, key).map((item, index) => ({
    path: [...path, key, index],
    raw: isRecord(item) ? item : {},
    steady: key === "steady",
  }));

/** Every list of expectations, with the path of each of them. */
export function rawExpectations(
  document: Raw,
  phases: readonly RawPhase[],
): readonly { readonly path: Path; readonly raw: Raw; readonly steady: boolean }[] {
  return [
    ...under(document, "steady", []),
    ...under(document, "expect", []),
    ...phases.flatMap(({ raw, index, steps }) => [
      ...under(raw, "expect", ["phases", index]),
      ...steps.flatMap((step) => under(step.raw, "expect", step.path)),
    ]),
  ];
}

/** Puts complaints at their places; the same one twice is one. */
export function complainInto(problems: Problem[], tree: MapTree): Complain {
  return (path, message, offset) => {
    const found = find(tree, path);
    const place =
      found?.type === "scalar" && offset !== undefined
        ? found.placeOf(offset)
        : found === undefined && find(tree, path.slice(0, -1)) !== undefined
          ? placeOfKey(tree, path)
          : placeOf(tree, path);
    const problem = problemAt(place, path, message);
    const same = problems.some((other) => other.path === problem.path && other.message === message);
    if (!same) problems.push(problem);
  };
}
