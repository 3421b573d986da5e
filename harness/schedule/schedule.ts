/**
 * When what happens: a pure function of plan, matrix cell and seed. Times are milliseconds since the start of the phase.
 *
 * Written to `schedule.json`, byte for byte the same for the same plan, cell and seed.
 */

export interface Schedule {
  readonly plan: string;
  readonly seed: number;
  readonly cell: Readonly<Record<string, unknown>>;
  readonly phases: readonly ScheduledPhase[];
}

export interface ScheduledPhase {
  readonly name: string;
  /** Exactly one of `for` and `until`. `until` is "steady" or an expression; `timeout` goes with it. */
  readonly for?: number;
  readonly until?: string;
  readonly timeout?: number;
  readonly steps: readonly ScheduledStep[];
}

export interface ScheduledStep {
  readonly name: string;
  /**
   * `timed`: all occurrences are here. `armed`: they happen when the trigger fires; `occurrences` then holds the first few as they will be drawn
   * (`at` counted from the trigger), all of them if `times` is given; `drawOccurrence` gives the rest.
   */
  readonly trigger:
    | { readonly type: "timed" }
    | { readonly type: "when" | "while"; readonly expression: string; readonly times?: number }
    | { readonly type: "after"; readonly edge: string; readonly delay: number };
  /** A condition (expression) that ends the step early, from `until`. */
  readonly until?: string;
  readonly occurrences: readonly Occurrence[];
}

export interface Occurrence {
  /** From 0. */
  readonly n: number;
  readonly at: number;
  /** Absent: to the end of the phase (or of the `while`). Never there for a pulse. */
  readonly for?: number;
  readonly kind: string;
  /** Links or services, by name. */
  readonly where: readonly string[];
  /** As text with units, as a plan would say them: validated again by the fault's schema at injection. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** direction, scope, probability, first, nth, every_nth. */
  readonly match: Readonly<Record<string, unknown>>;
  readonly mayMiss: boolean;
}
