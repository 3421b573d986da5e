/** Draws the values of a plan's steps, and collects what can't be drawn, so that all of it is reported at once. */
import type { z } from "zod";
import type { Repertoire } from "../../faults/registry.ts";
import { duration } from "../../faults/units.ts";
import { uniform } from "../../faults/random.ts";
import { bindNames } from "../plan/bind.ts";
import type { Binding, BoundNames } from "../plan/bind.ts";
import type { Sketch } from "../plan/normalise.ts";
import type { Step, Written } from "../plan/schema.ts";
import { formatPath } from "../plan/tree.ts";
import type { Path } from "../plan/tree.ts";
import { DrawError, draw } from "./draw.ts";
import type { Drawn } from "./draw.ts";
import { repertoireIn } from "../plan/repertoire.ts";

export interface Complaint {
  readonly at: Path;
  readonly path: string;
  readonly message: string;
  readonly offset: number;
}

export interface Drawer {
  readonly names: BoundNames;
  readonly repertoire: Repertoire;
  readonly complaints: readonly Complaint[];
  /** `key` is the place below the step, such as `every` or `tcp.latency.delay`; undefined if it could not be drawn. */
  value(step: Step, key: string, written: Written, scalar: z.ZodType, n: number, progress: number): Drawn | undefined;
  /** A duration in milliseconds; 0 if it could not be drawn. */
  number(step: Step, key: string, written: Written, n: number, progress: number): number;
  /** A uniform number in [0, 1) for a decision of the step itself. */
  uniform(step: Step, decision: string, n: number, k?: number | string): number;
  complain(step: Step, key: string, message: string, offset?: number): void;
}

export function createDrawer(plan: Sketch, binding: Binding): Drawer {
  const complaints: Complaint[] = [];
  const seen = new Set<string>();
  const add = (at: Path, message: string, offset = 0): void => {
    const path = formatPath(at);
    // The same mistake shows in every occurrence: once is enough.
    if (seen.has(`${path} ${message}`)) return;
    seen.add(`${path} ${message}`);
    complaints.push({ at, path, message, offset });
  };
  const names = bindNames(plan.document, binding, add);
  const pathOf = (step: Step, key: string): Path => [...placeOf(plan, step), ...keyPath(step, key)];

  const drawer: Drawer = {
    names,
    repertoire: repertoireIn(plan),
    complaints,
    value(step, key, written, scalar, n, progress) {
      try {
        return draw(written, scalar, names, { seed: binding.seed, path: [step.name, key], n, progress });
      } catch (error) {
        if (!(error instanceof DrawError)) throw error;
        add(pathOf(step, key), error.message, error.offset);
        return undefined;
      }
    },
    number: (step, key, written, n, progress) =>
      Number(drawer.value(step, key, written, duration, n, progress)?.value ?? 0),
    uniform: (step, decision, n, k = 0) => uniform(binding.seed, [step.name, decision, k, n]),
    complain: (step, key, message, offset) => add(pathOf(step, key), message, offset),
  };
  return drawer;
}

function placeOf(plan: Sketch, step: Step): Path {
  for (const [phase, { faults }] of plan.phases.entries()) {
    const index = faults.indexOf(step);
    if (index >= 0) return ["phases", phase, "faults", index];
  }
  return [];
}

/** `tcp.latency.delay` is the key `delay` of the key `tcp.latency`, and `tcp.latency` that one; in a choice it is one of the list. */
function keyPath(step: Step, key: string): Path {
  const choice = step.choices.findIndex(({ kind }) => kind !== undefined && `${key}.`.startsWith(`${kind}.`));
  const kind = step.choices[choice]?.kind;
  if (kind === undefined) return [key];
  const fault = kind.replaceAll("-", "_");
  const below = key === kind ? [fault] : [fault, key.slice(kind.length + 1)];
  return step.chosen ? ["choose", choice, ...below] : below;
}
