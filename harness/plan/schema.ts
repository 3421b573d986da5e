/**
 * The shape of a plan, twice: what people write (zod schemas, from which the JSON Schema comes), and what the rest of the harness reads.
 *
 *     YAML ──► planDocument (as written) ──► normalise ──► Plan (plain data, every name and unit resolved)
 *
 * A `Plan` is bound to one cell of its matrix: durations outside of steps are milliseconds. What a step draws anew for each occurrence stays
 * as it was written, for the schedule. Keys are the words of the plan, so that code, plans and reports have one name for a thing.
 */
import type { z } from "zod";
import type { subjectDocument } from "./document/subject.ts";
import type { Capability } from "../worlds/capability.ts";
import type { WorldName } from "../worlds/world.ts";
import type { expectationDocument, Severity, Tolerance } from "./document/expectations.ts";
import type { Mix } from "./document/mix.ts";
import type { Tier } from "./document/plan.ts";
import type { serviceDocument } from "./document/service.ts";
import type { linkDocument, observationDocument, signalDocument } from "./document/system.ts";

export { planDocument } from "./document/plan.ts";
export { subjectDocument } from "./document/subject.ts";

export interface Plan {
  readonly plan: string;
  readonly about?: string;
  readonly seed: number | "random";
  readonly params: Readonly<Record<string, Param>>;
  /** Drawn once for the whole run. */
  readonly let: Readonly<Record<string, Written>>;
  readonly matrix: Matrix;
  /** Parameters, `let` and the matrix cell as this plan is bound to: what expressions see as variables of these names. */
  readonly constants: Readonly<Record<string, Constant>>;
  readonly time: { readonly scale: number };
  /** Where its durations are in real time, as paths: what they are in the plan's own is in the document. */
  readonly real?: readonly string[];
  readonly services: Readonly<Record<string, Service>>;
  readonly links: Readonly<Record<string, Link>>;
  readonly observe: Readonly<Record<string, Observation>>;
  readonly steady: readonly Expectation[];
  readonly phases: readonly Phase[];
  /** Those of phases and steps as well, with `during` filled in. */
  readonly expect: readonly Expectation[];
  readonly abort: readonly Abort[];
  readonly controls: readonly Control[];
  /** Bounds of what `hunt --mix` adds. */
  readonly mix?: Mix;
  readonly tier: Readonly<Record<WorldName, Tier>>;
  /** It needs all of the machine, or measures what that gives it: where time is real, no other run is beside it. */
  readonly alone: boolean;
  readonly worlds: readonly string[];
  readonly requires: readonly Capability[];
  /** The whole plan with its includes, before it was bound to a cell. */
  readonly document: PlanDocument;
}

export type PlanDocument = Readonly<Record<string, Written>>;

/** A value as it stands in the plan: text with a unit, a number, `$name`, `= expression`, a distribution, a list. */
export type Written = string | number | boolean | null | readonly Written[] | { readonly [key: string]: Written };

export interface Param {
  readonly default: Written;
  readonly help?: string | undefined;
  readonly one_of?: readonly Written[] | undefined;
}

export interface Matrix {
  readonly values: Readonly<Record<string, readonly Written[]>>;
  readonly include: readonly Readonly<Record<string, Written>>[];
  readonly exclude: readonly Readonly<Record<string, Written>>[];
}

/** Durations in milliseconds, sizes in bytes, rates in bytes per second, shares as fractions. */
export interface Constant {
  readonly type: "duration" | "size" | "int" | "double" | "bool" | "string" | "dynamic";
  readonly value: unknown;
}

/**
 * One of `program`, `image` and `build`, or else `command`, which may also stand beside an image (kind.ts). The paths of `program` and of
 * `build.context` are ones that can be opened.
 */
export type Service = Readonly<Omit<z.output<typeof serviceDocument>, "subject" | "copies">> & {
  readonly subject?: Subject;
  /** Of the file that it is written in: what the words of its command that begin with a dot count from. */
  readonly folder: string;
  /** Of the files that its kind names, by what the plan calls them (`kinds/`). */
  readonly texts?: Readonly<Record<string, string>>;
  /** Links of which it is told where their clients find their servers. */
  readonly told?: readonly string[];
  /** Of a name server that is built in: the domains that it knows the names of. */
  readonly zones?: readonly string[];
  /** Whom it asks who is no service of the plan. */
  readonly beyond?: string;
};
export type Link = Readonly<z.output<typeof linkDocument>>;

/** What a subject file says of the program that it lies beside. */
export type Subject = Readonly<z.output<typeof subjectDocument>>;

/** Exactly one of `event`, `line`, `file`, `http`, `tcp`. */
export type SubjectSignal = Readonly<z.output<typeof signalDocument>>;
export type Observation = Readonly<z.output<typeof observationDocument>>;

export interface Phase {
  readonly name: string;
  /** Exactly one of `for` and `until` ("steady" or an expression). */
  readonly for?: number;
  readonly until?: string;
  /** Only with `until`. */
  readonly timeout?: number;
  readonly faults: readonly Step[];
}

export interface Step {
  /** Several steps have the same one where the occurrences of one step are written out. */
  readonly name: string;
  /** Such a step is a single occurrence, and this its ordinal: it draws what that one would draw. */
  readonly number?: number;
  /** One of them is drawn for each occurrence; most steps have just one. */
  readonly choices: readonly Choice[];
  /** They were written as a list under `choose`. */
  readonly chosen: boolean;
  readonly where: Where;
  readonly at: Written;
  readonly for?: Written;
  readonly every?: Written;
  readonly until?: Written;
  readonly times?: Written;
  /** At most one of these three. */
  readonly when?: string;
  readonly while?: string;
  readonly after?: string;
  /** Which connections or requests: match, direction, leg, scope, probability, first, nth, every_nth; as they reach the proxy. */
  readonly match: Readonly<Record<string, unknown>>;
  readonly may_miss: boolean;
}

/** `kind` is absent for `none`: this time nothing happens. */
export interface Choice {
  readonly weight: number;
  readonly kind?: string;
  readonly parameters: Readonly<Record<string, Written>>;
}

/** `count` of the names are drawn anew for each occurrence; all of them where `count` is their number. */
export interface Where {
  readonly names: readonly string[];
  readonly count: number;
}

export type { Severity, Tolerance };
export type ExpectationDocument = z.output<typeof expectationDocument>;

interface Expected {
  /** As the plan says it: `never node.exited`. */
  readonly text: string;
  readonly name?: string;
  /** A phase, or a step: while one of its occurrences lasts. Their names never clash. */
  readonly during?: string;
  readonly severity: Severity;
}

export type Expectation = Expected &
  (
    | { readonly word: "always" | "never"; readonly expression: string; readonly for: number }
    | { readonly word: "eventually"; readonly expression: string; readonly within: number }
    | {
        readonly word: "whenever";
        readonly expression: string;
        readonly then: string;
        readonly within: number;
        readonly tolerate: Tolerance;
        /** Having no occasion is fine. */
        readonly may_miss: boolean;
      }
    | { readonly word: "at_end" | "sometimes"; readonly expression: string }
  );

export interface Abort {
  readonly when: string;
  readonly reason?: string | undefined;
}

export interface Control {
  readonly service: string;
  readonly without: readonly string[];
  /** Services that do without as well. */
  readonly also?: readonly string[];
  /** The `text` of the expectation that must fail. */
  readonly fails: string;
}
