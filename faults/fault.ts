/**
 * What every fault declares, whatever its plane. One file a fault, one line in `registry.ts`.
 *
 *     registry ──► plan schema, JSON Schema, docs/faults.md, `sinbin faults`
 *         └──────► contract of the plane (tcp/contract.ts, process/contract.ts) ──► proxy, or world
 */
import type { z } from "zod";

export interface Declaration<Parameters extends z.ZodObject = z.ZodObject> {
  /** `plane.kebab-case`, the same as the file's path. Plan keys are the same in snake_case (`tcp.slow_close`). */
  readonly kind: string;
  /** Other words by which people look for it, in kebab-case: who writes one is told of the kind. */
  readonly soughtAs?: readonly string[];
  /** One or two sentences for the catalogue: what the daemon sees. */
  readonly about: string;
  /**
   * A strict object of units (`units.ts`), each with a description. In a plan any of them may be a distribution, a `$name` or an
   * `= expression`: the schedule draws it once an occurrence. One marked `perItem` reaches the fault as a `Distribution`. `strengths`
   * in a parameter's `meta` says from what to what it can be drawn at random (`strength.ts`), and `examples` which words.
   */
  readonly parameters: Parameters;
  /** Exactly one of these parameters is written, none of which has a default; `parameters` refuses all else as well. */
  readonly exactlyOneOf?: readonly string[];
  /** One of these parameters is written, or several, none of which has a default: without any it would do nothing. `parameters` refuses that as well. */
  readonly atLeastOneOf?: readonly string[];
  /** Where the behaviour is specified or was met: RFC section, paper section, issue. */
  readonly source?: string;
  /** True if it happens at one moment and has no length: a signal, a kill. A pulse can't have `for`. */
  readonly pulse: boolean;
  /**
   * What may become of a service. `down`: it ends, and only a plan that has it started again (`restart`) reckons with that. `anything`: that depends on
   * the parameters, such as a service that was sent STOP and stands still for ever, or whose files are gone, and so it is with what no lifting takes back. A random mix of faults takes the
   * first where there is a `restart`, and the second only if the plan asks for it.
   */
  readonly leaves?: "down" | "anything";
  /** True if it needs to know more of a service's disk than what is on it: what was synced, and what was there before. */
  readonly journal?: boolean;
  /** What a world must be able to do, where not every one is: a plan that has this fault needs it. */
  readonly needs?: "limits" | "memory" | "cables" | "packets" | "clock" | "child-clocks" | "timekeepers";
  /** What may be behind it if it hits nothing, where that is not the plan's doing. */
  readonly missed?: string;
  /** A plan's step that shows it, for the catalogue (YAML text of the parameters, such as `{ delay: 100ms }`). */
  readonly example: string;
}
