/**
 * Binds a plan to one cell of its matrix, one seed and the parameters of the command line: `$name` and `= expression` outside of steps become
 * values, and expressions get their constants. What steps draw anew for each occurrence stays as it is.
 */
import { DrawError, createMemory, draw, isFormula, isReference } from "../schedule/draw.ts";
import type { Drawn, Meaning, Names } from "../schedule/draw.ts";
import { isName } from "./document/words.ts";
import { isRecord } from "./raw.ts";
import type { Constant, Written } from "./schema.ts";
import type { Path } from "./tree.ts";

export interface Binding {
  readonly seed: number;
  readonly cell: Readonly<Record<string, Written>>;
  /** Instead of the plan's defaults. */
  readonly params: Readonly<Record<string, Written>>;
}

export type Complain = (path: Path, message: string, offset?: number) => void;

export interface BoundNames extends Names {
  readonly constants: Readonly<Record<string, Constant>>;
  readonly drawn: ReadonlyMap<string, Drawn>;
}

/** `document` may be wrong in any way; what can't be drawn is reported once, and counts as nothing. */
export function bindNames(document: Written, { seed, cell, params }: Binding, complain: Complain): BoundNames {
  const root = isRecord(document) ? document : {};
  const lets = isRecord(root["let"]) ? root["let"] : {};
  const declared = isRecord(root["params"]) ? root["params"] : {};
  const written = new Map<string, { readonly value: Written; readonly path: Path }>();
  for (const [name, param] of Object.entries(declared)) {
    const value = params[name] ?? (isRecord(param) ? param["default"] : undefined);
    written.set(name, { value: value ?? null, path: ["params", name, "default"] });
  }
  for (const [name, value] of Object.entries(lets)) written.set(name, { value, path: ["let", name] });
  for (const [name, value] of Object.entries(cell)) written.set(name, { value, path: ["matrix", name] });

  const drawn = new Map<string, Drawn>();
  const drawing = new Set<string>();
  // A name that can't be a variable has a problem of its own.
  const all = new Set([...written.keys()].filter((name) => isName(name)));

  const names: Names = {
    all,
    remember: createMemory(),
    meaningOf(name): Meaning {
      const { value, path } = written.get(name) ?? { value: null, path: [] };
      if (path[0] !== "let") return { anew: value };
      return { once: once(name) };
    },
  };

  const once = (name: string): Drawn => {
    const known = drawn.get(name);
    if (known !== undefined) return known;
    const { value, path } = written.get(name) ?? { value: null, path: [] };
    if (drawing.has(name)) throw new DrawError(`${name} refers to itself: write its value out`);
    drawing.add(name);
    const nothing: Drawn = { type: "dynamic", value: undefined, written: null };
    let found = nothing;
    try {
      found = draw(value, undefined, names, { seed, path: ["let", name], n: 0, progress: 0 });
    } catch (error) {
      if (!(error instanceof DrawError)) throw error;
      complain(path, error.message, error.offset);
    } finally {
      drawing.delete(name);
    }
    drawn.set(name, found);
    return found;
  };

  for (const name of all) once(name);
  const constants = Object.fromEntries(
    [...drawn].map(([name, { type, value }]): [string, Constant] => [name, { type, value }]),
  );
  return { ...names, constants, drawn };
}

/** Places whose values are drawn later, or that are text for people. */
const untouched = new Set(["params", "let", "matrix", "about", "help", "reason", "body", "observe", "plan", "include"]);

/** A copy of the document with values in place of `$name` and `= expression`; what is unknown is reported and stays. */
export function substitute(document: Written, names: BoundNames, seed: number, complain: Complain): Written {
  const visit = (value: Written, path: Path): Written => {
    if (isReference(value) || isFormula(value)) {
      try {
        return draw(value, undefined, names, { seed, path: ["let"], n: 0, progress: 0 }).written;
      } catch (error) {
        if (!(error instanceof DrawError)) throw error;
        complain(path, error.message, error.offset);
        return value;
      }
    }
    if (Array.isArray(value)) return value.map((item, index) => visit(item as Written, [...path, index]));
    if (!isRecord(value)) return value;
    // Of a step, only what is expected of it is fixed; all else is drawn for each occurrence.
    if (isStep(path))
      return value["expect"] === undefined ? value : { ...value, expect: visit(value["expect"], [...path, "expect"]) };
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        path.length === 0 && untouched.has(key) ? item : visit(item, [...path, key]),
      ]),
    );
  };
  return visit(document, []);
}

const isStep = (path: Path): boolean => path.length === 4 && path[0] === "phases" && path[2] === "faults";
