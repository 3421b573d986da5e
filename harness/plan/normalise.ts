/** From a document in which nothing is wrong to a `Plan`. */
import type { z } from "zod";
import { actsOn, placeOf, type Repertoire } from "../../faults/registry.ts";
import { duration } from "../../faults/units.ts";
import { bindNames, substitute } from "./bind.ts";
import type { Binding, BoundNames } from "./bind.ts";
import { cellsOf } from "./cells.ts";
import type { Checking } from "./check/checking.ts";
import { whomKeys } from "../../faults/whom.ts";
import { planDocumentOf } from "./document/plan.ts";
import type { planDocument } from "./document/plan.ts";
import { kindKeys, kinds } from "./kinds/registry.ts";
import type { KindContext, Texts } from "./kinds/kind.ts";
import { isRecord, listAt, recordAt, textAt } from "./raw.ts";
import type { Raw } from "./raw.ts";
import type {
  Expectation,
  ExpectationDocument,
  Matrix,
  Phase,
  Plan,
  PlanDocument,
  Service,
  Step,
  Subject,
  Written,
} from "./schema.ts";
import { canHave, repertoireOf } from "./repertoire.ts";
import type { WithServices } from "./repertoire.ts";
import { formatPath } from "./tree.ts";
import { squeeze } from "./wording.ts";
import { choicesOf, rawSteps, whereOf } from "./step.ts";
import type { RawStep } from "./step.ts";

/** What the files beside the plan say of a service: where its program is, or what its image is built from, and its subject. */
export type Found = Readonly<
  Record<
    string,
    {
      readonly program?: string;
      readonly context?: string;
      readonly subject?: Subject;
      readonly folder?: string;
      readonly texts?: Texts;
    }
  >
>;

/** The same plan with another cell, seed or parameters: durations, arguments and constants follow. */
export function bindPlan(plan: Plan, binding: Binding): Plan {
  const found = Object.fromEntries(
    Object.entries(plan.services).map(([name, { program, build, subject, folder, texts }]) => [
      name,
      {
        folder,
        ...(texts === undefined ? {} : { texts }),
        ...(program === undefined ? {} : { program }),
        ...(build === undefined ? {} : { context: build.context }),
        ...(subject === undefined ? {} : { subject }),
      },
    ]),
  );
  // Names that can't be drawn were reported when the plan was parsed.
  const names = bindNames(plan.document, binding, () => {});
  const bound = substitute(plan.document, names, binding.seed, () => {});
  return normalise(plan.document, bound, names, found);
}

/** The combinations of the matrix; one, with nothing in it, if there is none. */
export function cells(plan: Plan): readonly Readonly<Record<string, Written>>[] {
  return cellsOf(plan.matrix);
}

export function normalise(document: PlanDocument, bound: Written, names: BoundNames, found: Found): Plan {
  const repertoire = repertoireOf(Object.values(found).flatMap(({ subject }) => subject ?? []));
  const read = planDocumentOf(repertoire).parse(bound);
  const subjectOf = (service: string): Subject | undefined => found[service]?.subject;
  const links = Object.keys(read.links);
  const services = Object.keys(read.services);
  const phases = read.phases.map((phase, index): Phase => ({
    name: phase.name,
    ...(phase.for === undefined ? {} : { for: phase.for }),
    ...(phase.until === undefined ? {} : { until: phase.until }),
    ...(phase.timeout === undefined ? {} : { timeout: phase.timeout }),
    faults: rawSteps(listAt(document, "phases")[index] ?? null, index, repertoire).map((step) =>
      toStep(step, {
        links: fitting(step, links, document),
        services: services.filter((service) => step.faults.every(({ fault }) => canHave(subjectOf(service), fault))),
        repertoire,
      }),
    ),
  }));
  const local = read.phases.flatMap((phase, index) => [
    ...expectations(phase.expect ?? [], phase.name),
    ...phase.faults.flatMap((step, position) => expectations(expectOf(step), phases[index]?.faults[position]?.name)),
  ]);
  return {
    plan: read.plan,
    ...(read.about === undefined ? {} : { about: read.about.trim() }),
    seed: read.seed,
    params: read.params as Plan["params"],
    let: read.let as Plan["let"],
    matrix: matrixOf(document["matrix"]),
    constants: names.constants,
    time: read.time,
    services: Object.fromEntries(
      Object.entries(read.services).map(([name, service]) => [
        name,
        toService(service, found[name], {
          name,
          services: read.services,
          links: read.links,
          textsOf: (other) => found[other]?.texts ?? {},
        }),
      ]),
    ),
    links: read.links,
    observe: read.observe,
    steady: expectations(read.steady),
    phases,
    expect: [...expectations(read.expect), ...local],
    abort: read.abort,
    controls: read.controls.map(({ service, also, without, fails }) => ({
      service,
      ...(also !== undefined && { also }),
      without: typeof without === "string" ? [without] : without,
      fails: textOf(fails, [...expectations(read.expect), ...local]) ?? fails,
    })),
    ...(read.mix === undefined ? {} : { mix: read.mix }),
    tier: tiersOf(read.tier),
    alone: read.alone,
    worlds: read.worlds,
    requires: read.requires,
    document,
  };
}

function tiersOf(tier: z.output<typeof planDocument>["tier"]): Plan["tier"] {
  const {
    local = "commit",
    sim = "commit",
    docker = "commit",
  } = typeof tier === "string" ? { local: tier, sim: tier, docker: tier } : tier;
  return { local, sim, docker };
}

/** As much of a plan as a schedule is drawn from. */
export type Sketch = Pick<Plan, "document" | "phases"> & WithServices;

/** Of a document that has problems: a step with one of its own does nothing, so that the others keep their places. */
export function sketch(
  document: PlanDocument,
  { phases, links, services, subjects, repertoire }: Checking,
  wrong: readonly string[],
): Sketch {
  return {
    document,
    services: Object.fromEntries([...subjects].map(([name, subject]) => [name, { subject }])),
    phases: phases.map(({ raw, name, steps }) => {
      const [length, timeout] = [raw["for"], raw["timeout"]].map((written) => duration.safeParse(written).data);
      return {
        name,
        ...(length === undefined
          ? { until: "steady", ...(timeout === undefined ? {} : { timeout }) }
          : { for: length }),
        faults: steps.map((step) => {
          const isWrong = wrong.some((path) => path.startsWith(formatPath(step.path)));
          return toStep(isWrong ? { ...step, raw: { none: {} } } : step, {
            services,
            links: fitting(step, links, document),
            repertoire,
          });
        }),
      };
    }),
  };
}

/** Of a step without a fault nobody asks where. */
function fitting({ plane }: RawStep, links: readonly string[], document: PlanDocument): readonly string[] {
  const protoOf = (link: string): string => textAt(recordAt(recordAt(document, "links"), link), "proto") ?? "tcp";
  return links.filter((link) => plane === undefined || actsOn(plane, protoOf(link)));
}

function toService(
  { subject: _path, copies: _written, ...written }: z.output<typeof planDocument>["services"][string],
  found: Found[string] = {},
  context: KindContext,
): Service {
  const service = withoutKind(written, context);
  const ready = service.ready ?? found.subject?.ready;
  return {
    ...service,
    folder: found.folder ?? ".",
    ...(found.texts === undefined ? {} : { texts: found.texts }),
    ...(found.program === undefined ? {} : { program: found.program }),
    ...(service.build === undefined || found.context === undefined
      ? {}
      : { build: { ...service.build, context: found.context } }),
    ...(found.subject === undefined ? {} : { subject: found.subject }),
    ...(ready === undefined ? {} : { ready }),
  };
}

/** The program that a kind stands for, its own arguments and files first. */
function withoutKind<Written extends { readonly args: readonly string[]; readonly files: Texts }>(
  written: Written,
  context: KindContext,
): Written & Pick<Service, "told" | "zones" | "beyond"> {
  const kind = kinds.find(({ key }) => key in written);
  if (kind === undefined) return written;
  const rest = Object.fromEntries(Object.entries(written).filter(([key]) => !kindKeys.includes(key))) as Written;
  const { args, files, told, zones, beyond } = kind.toProgram(
    (written as Readonly<Record<string, unknown>>)[kind.key],
    context,
  );
  return {
    ...rest,
    args: [...args, ...written.args],
    files: { ...files, ...written.files },
    ...(told === undefined ? {} : { told }),
    ...(zones === undefined ? {} : { zones }),
    ...(beyond === undefined ? {} : { beyond }),
  };
}

function toStep(
  { raw, name, number, plane }: RawStep,
  candidates: {
    readonly links: readonly string[];
    readonly services: readonly string[];
    readonly repertoire: Repertoire;
  },
): Step {
  const choices = choicesOf(raw, candidates.repertoire);
  const kept = ["for", "every", "until", "times", "when", "while", "after"].flatMap((key) =>
    raw[key] === undefined ? [] : [[key, raw[key]]],
  );
  const match = whomKeys.flatMap((key) => (raw[key] === undefined ? [] : [[key, raw[key]]]));
  return {
    name,
    ...(number === undefined ? {} : { number }),
    choices,
    chosen: "choose" in raw,
    where: whereOf(
      raw["where"],
      plane !== undefined && placeOf(plane) === "service" ? candidates.services : candidates.links,
    ),
    at: raw["at"] ?? "0ms",
    ...(Object.fromEntries(kept) as Partial<Step>),
    match: Object.fromEntries(match) as Raw,
    may_miss: raw["may_miss"] === true || choices.every(({ kind }) => kind === undefined),
  };
}

function expectOf(step: unknown): readonly ExpectationDocument[] {
  return isRecord(step) && Array.isArray(step["expect"]) ? (step["expect"] as readonly ExpectationDocument[]) : [];
}

export function matrixOf(matrix: Written | undefined): Matrix {
  if (!isRecord(matrix)) return { values: {}, include: [], exclude: [] };
  const { include: _include, exclude: _exclude, ...values } = matrix;
  return {
    values: values as Matrix["values"],
    include: listAt(matrix, "include").filter(isRecord),
    exclude: listAt(matrix, "exclude").filter(isRecord),
  };
}

export function expectations(documents: readonly ExpectationDocument[], owner?: string): readonly Expectation[] {
  return documents.flatMap((document) => {
    const expectation = toExpectation(document);
    if (expectation === undefined) return [];
    const during = document.during ?? owner;
    return [{ ...expectation, ...(during === undefined ? {} : { during }) }];
  });
}

function toExpectation(document: ExpectationDocument): Expectation | undefined {
  const {
    always,
    never,
    eventually,
    whenever,
    at_end: atEnd,
    sometimes,
    then = "true",
    within = 0,
    tolerate = { count: 0 },
    may_miss = false,
  } = document;
  const common = { severity: document.severity, ...(document.name === undefined ? {} : { name: document.name }) };
  const grace = document.for ?? 0;
  if (always !== undefined)
    return { word: "always", text: `always ${always}`, expression: always, for: grace, ...common };
  if (never !== undefined) return { word: "never", text: `never ${never}`, expression: never, for: grace, ...common };
  if (eventually !== undefined)
    return { word: "eventually", text: `eventually ${eventually}`, expression: eventually, within, ...common };
  if (whenever !== undefined) {
    return {
      word: "whenever",
      text: `whenever ${whenever} then ${then}`,
      expression: whenever,
      // oxlint-disable-next-line unicorn/no-thenable -- a word of the language; its value is a text.
      then,
      within,
      tolerate,
      may_miss,
      ...common,
    };
  }
  if (atEnd !== undefined) return { word: "at_end", text: `at_end ${atEnd}`, expression: atEnd, ...common };
  return sometimes === undefined
    ? undefined
    : { word: "sometimes", text: `sometimes ${sometimes}`, expression: sometimes, ...common };
}

/** The text of the expectation that is meant by its name or by its text. */
export function textOf(reference: string, all: readonly Expectation[]): string | undefined {
  return all.find(({ name, text }) => name === reference || squeeze(text) === squeeze(reference))?.text;
}
