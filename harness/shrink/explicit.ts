/**
 * A run that was drawn, as a plan in which nothing is drawn any more: every occurrence is a step of its own, with its time, its length, its place and
 * its parameters.
 *
 *     - process.signal: { signal: HUP, count: 1..5 }          - process.signal: { signal: HUP, count: 4 }
 *       name: storm                                    ──►      name: storm#2
 *       every: 3s..6s                                           at: 9.2s
 *
 * `storm#2` draws what occurrence 2 of storm drew (`probability`, jitter, offsets), and is that to the history: so that the run is the same.
 */
import { relative, resolve } from "node:path";
import { durationUnit, shareUnit } from "../../faults/units.ts";
import { bindNames, substitute } from "../plan/bind.ts";
import { faultKey } from "../../faults/key.ts";
import { join } from "../plan/include.ts";
import { isImage } from "../plan/kind.ts";
import { builtIn } from "../plan/kinds/registry.ts";
import { isRecord, listAt, recordAt } from "../plan/raw.ts";
import type { Raw } from "../plan/raw.ts";
import { rawSteps } from "../plan/step.ts";
import type { PlanDocument, Service, Step, Written } from "../plan/schema.ts";
import type { Occurrence, ScheduledStep } from "../schedule/schedule.ts";
import { writtenExpectation } from "./expectation.ts";
import type { Failure } from "./failure.ts";
import { observedOccurrences } from "./observed.ts";
import type { Observed } from "./observed.ts";
import { keptParams } from "./params.ts";
import { repertoireIn } from "../plan/repertoire.ts";

export interface ExplicitOptions {
  /** Steps that keep waiting for their trigger, by name; all others happen at the times that the history has. */
  readonly armed: ReadonlySet<string>;
  /** Whether there is such a file: words of a command that begin with a dot mean files beside the plan only then. */
  readonly isThere: (path: string) => boolean;
}

/** Steps whose times only the run itself could tell. */
export function armedSteps({ schedule }: Failure): readonly string[] {
  return schedule.phases.flatMap(({ steps }) => steps.filter((step) => !isTimed(step)).map(({ name }) => name));
}

const isTimed = ({ trigger, until }: ScheduledStep): boolean => trigger.type === "timed" && until === undefined;

export function explicitPlan(failure: Failure, options: ExplicitOptions): PlanDocument {
  const { plan, schedule, events, without, finding } = failure;
  const binding = { seed: schedule.seed, cell: schedule.cell, params: schedule.params };
  const names = bindNames(plan.document, binding, () => {});
  const bound = substitute(plan.document, names, schedule.seed, () => {});
  const document: Raw = isRecord(bound) ? bound : {};
  const observed = observedOccurrences(plan, schedule, events);
  const aborted = events.some(({ event }) => event === "run.abort");
  const steady = plan.phases.some(({ until }) => until === "steady");
  const failed = plan.expect.find(({ text, name }) =>
    finding.name === undefined ? text === finding.expectation : name === finding.name,
  );
  const rest: PlanDocument = filled({
    services: Object.fromEntries(
      Object.entries(plan.services).map(([name, service]) => [
        name,
        writtenService(recordAt(recordAt(document, "services"), name), service, without.get(name) ?? [], options),
      ]),
    ),
    links: document["links"],
    observe: document["observe"],
    steady: steady ? document["steady"] : undefined,
    phases: plan.phases.map((_phase, index) => {
      const raw = listAt(document, "phases")[index];
      const { faults: _faults, expect: _expect, ...about } = isRecord(raw) ? raw : {};
      return filled({ ...about, faults: phaseSteps(failure, observed, index, options) });
    }),
    expect: failed === undefined ? undefined : [writtenExpectation(failed)],
    abort: aborted ? document["abort"] : undefined,
    worlds: document["worlds"],
    requires: document["requires"],
  });
  return {
    ...filled({ plan: `${plan.plan.replace(/-shrunk$/, "").slice(0, longestName)}-shrunk`, seed: schedule.seed }),
    ...filled({ params: keptParams(rest, plan.document, names) }),
    ...rest,
  };
}

/** With `-shrunk`, it is a name that a plan can have. */
const longestName = 70;

/** Steps in the order of the plan, each occurrence at its place. */
function phaseSteps(failure: Failure, observed: Observed, index: number, { armed }: ExplicitOptions): readonly Raw[] {
  const { plan, schedule } = failure;
  const raw = rawSteps(listAt(plan.document, "phases")[index] ?? null, index, repertoireIn(plan));
  const scheduled = new Map((schedule.phases[index]?.steps ?? []).map((step) => [step.name, step]));
  return [...scheduled.values()].flatMap((step): readonly Raw[] => {
    const known = plan.phases[index]?.faults.find(({ name }) => name === step.name);
    if (armed.has(step.name)) return raw.filter(({ name }) => name === step.name).map((each) => armedStep(each.raw));
    const seen = observed.get(step.name) ?? [];
    // A time that was planned is better than the same time as it was written down, in tenths.
    const planned = isTimed(step) ? step.occurrences.filter(({ n }) => seen.some((other) => other.n === n)) : seen;
    return planned.map((occurrence) => writtenStep(step.name, occurrence, known));
  });
}

/** What it expects is said elsewhere. */
function armedStep({ expect: _expect, ...raw }: Raw): Raw {
  return raw;
}

function writtenStep(name: string, occurrence: Occurrence, known: Step | undefined): Raw {
  const { n, at, for: length, kind, where, parameters, match, mayMiss } = occurrence;
  const { probability, everyNth, ...connections } = match;
  return filled({
    [faultKey(kind)]: { ...parameters },
    name: `${name}#${n}`,
    where: where.length === 1 ? where[0] : [...where],
    at: at === 0 ? undefined : durationUnit.format(at),
    for: length === undefined ? undefined : durationUnit.format(length),
    ...(connections as Raw),
    probability: probability === undefined ? undefined : shareUnit.format(Number(probability)),
    every_nth: everyNth as Written | undefined,
    may_miss: mayMiss && known?.may_miss === true ? true : undefined,
  });
}

/** With the guards that are switched off, and with paths that mean the same wherever the plan lies. */
function writtenService(raw: Raw, service: Service, without: readonly string[], { isThere }: ExplicitOptions): Raw {
  const { program, build, command, args, subject, ...rest } = raw;
  const kind = builtIn(raw);
  const guards = without.flatMap((guard) => ["--without", guard]);
  const beside = (word: Written): Written => {
    if (typeof word !== "string" || !word.startsWith(".")) return word;
    const path = join(`${service.folder}/plan.yaml`, word);
    return isThere(path) ? resolve(path) : word;
  };
  const fromHere = (word: Written): Written => {
    const path = beside(word);
    return path === word || typeof path !== "string" ? word : portable(path);
  };
  const moved = (path: string): string => {
    const found = fromHere(path);
    return typeof found === "string" ? found : path;
  };
  return filled({
    program: fromFound(program, service.program),
    build: isRecord(build)
      ? { ...build, context: fromFound(build["context"], service.build?.context) ?? null }
      : fromFound(build, service.build?.context),
    // In an image, a command's paths are the image's.
    command: command === undefined || isImage(service) ? command : listAt(raw, "command").map(beside),
    args: args === undefined && guards.length === 0 ? undefined : [...listAt(raw, "args"), ...guards],
    subject: typeof subject === "string" ? fromHere(subject) : subject,
    ...rest,
    ...(kind?.moved === undefined ? {} : { [kind.key]: kind.moved(raw[kind.key] ?? null, moved) }),
  });
}

/** What counts from the plan's file, as the path at which it was found. */
function fromFound(written: Written | undefined, found: string | undefined): Written | undefined {
  return typeof written === "string" && written.startsWith(".") ? portable(found ?? written) : written;
}

/** From where sinbin runs, if it is below: so that a plan can be committed. A path that begins with a dot would count from the plan. */
function portable(path: string): string {
  const short = relative("", path);
  return short.startsWith(".") ? resolve(path) : short;
}

/** Without keys that say nothing, but for the parameters of a fault. */
function filled(raw: Readonly<Record<string, Written | undefined>>): Raw {
  return Object.fromEntries(
    Object.entries(raw).filter((entry): entry is [string, Written] => {
      const [key, value] = entry;
      if (value === undefined) return false;
      return key.includes(".") || typeof value !== "object" || value === null || Object.keys(value).length > 0;
    }),
  );
}
