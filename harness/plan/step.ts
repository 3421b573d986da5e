/** Reading steps out of a document that may be wrong in any way: which fault, which plane, which name. */
import type { Fault, Plane, Repertoire } from "../../faults/registry.ts";
import { faultOf } from "../../faults/key.ts";
import { isRecord, listAt, textAt } from "./raw.ts";
import type { Raw } from "./raw.ts";
import type { Choice, Where, Written } from "./schema.ts";
import type { Path } from "./tree.ts";

export interface RawStep {
  readonly path: Path;
  readonly raw: Raw;
  /** Without its number. */
  readonly name: string;
  /** Which occurrence of the step of this name it is, if it is a single one that is written out: `storm#3`. */
  readonly number: number | undefined;
  readonly faults: readonly { readonly fault: Fault; readonly path: Path }[];
  /** The plane of its faults; undefined if there is none, or more than one. */
  readonly plane: Plane | undefined;
}

export function rawSteps(phase: Written, phaseIndex: number, repertoire: Repertoire): readonly RawStep[] {
  return listAt(phase, "faults").map((step, index) => {
    const raw = isRecord(step) ? step : {};
    const path: Path = ["phases", phaseIndex, "faults", index];
    const faults = [
      ...faultsOf(raw, path, repertoire),
      ...listAt(raw, "choose").flatMap((choice, position) =>
        faultsOf(isRecord(choice) ? choice : {}, [...path, "choose", position], repertoire),
      ),
    ];
    const planes = new Set(faults.map(({ fault }) => fault.plane));
    const [plane] = planes;
    const [name = "", number] = nameOf(raw, repertoire).split("#");
    return {
      path,
      raw,
      name,
      number: number === undefined ? undefined : Number(number),
      faults,
      plane: planes.size === 1 ? plane : undefined,
    };
  });
}

function faultsOf(raw: Raw, path: Path, repertoire: Repertoire): RawStep["faults"] {
  return Object.keys(raw).flatMap((key) => {
    const fault = faultOf(key, repertoire);
    return fault === undefined ? [] : [{ fault, path: [...path, key] }];
  });
}

/** What it is called if it has no name: the kind of its fault. */
function nameOf(raw: Raw, repertoire: Repertoire): string {
  const name = textAt(raw, "name");
  if (name !== undefined) return name;
  for (const key of Object.keys(raw)) {
    if (key === "none") return key;
    const fault = faultOf(key, repertoire);
    if (fault !== undefined) return fault.kind;
  }
  return "choose" in raw ? "choose" : "";
}

export function choicesOf(raw: Raw, repertoire: Repertoire): readonly Choice[] {
  const list = listAt(raw, "choose");
  return (list.length === 0 ? [raw] : list).filter(isRecord).map((choice) => {
    const key = Object.keys(choice).find((candidate) => faultOf(candidate, repertoire) !== undefined);
    const parameters = key === undefined ? {} : choice[key];
    const kind = key === undefined ? undefined : faultOf(key, repertoire)?.kind;
    return {
      weight: typeof choice["weight"] === "number" ? choice["weight"] : 1,
      ...(kind === undefined ? {} : { kind }),
      parameters: isRecord(parameters) ? parameters : {},
    };
  });
}

/** `candidates`: the links or services that its plane acts on. */
export function whereOf(where: Written | undefined, candidates: readonly string[]): Where {
  if (where === undefined || where === "all") return { names: candidates, count: candidates.length };
  if (typeof where === "string") return { names: [where], count: 1 };
  if (Array.isArray(where)) return { names: where as readonly string[], count: where.length };
  if (!isRecord(where)) return { names: [], count: 0 };
  const from = where["one_of"] ?? where["of"] ?? "all";
  const names = Array.isArray(from) ? (from as readonly string[]) : candidates;
  return { names, count: typeof where["random"] === "number" ? where["random"] : 1 };
}
