/** Looking into a plan's document, and leaving things out of it. */
import { faultOf } from "../../faults/key.ts";
import { placeOf } from "../../faults/registry.ts";
import { durationUnit } from "../../faults/units.ts";
import { isRecord, listAt, recordAt, textAt } from "../plan/raw.ts";
import type { Raw } from "../plan/raw.ts";
import type { PlanDocument, Written } from "../plan/schema.ts";

/** A step and where it stands. */
export interface Placed {
  readonly phase: number;
  readonly step: Raw;
}

export const phasesOf = (document: PlanDocument): readonly Raw[] => listAt(document, "phases").filter(isRecord);

export const stepsOf = (phase: Raw): readonly Raw[] => listAt(phase, "faults").filter(isRecord);

/** Every step, in the order of the plan. */
export function placedSteps(document: PlanDocument): readonly Placed[] {
  return phasesOf(document).flatMap((raw, phase) => stepsOf(raw).map((step) => ({ phase, step })));
}

/** The same plan with other phases. */
export function withPhases(document: PlanDocument, phases: readonly Raw[]): PlanDocument {
  return {
    ...document,
    phases: phases.map(({ faults, ...phase }) => (isEmpty(faults) ? phase : { ...phase, faults })),
  };
}

const isEmpty = (faults: Written | undefined): faults is undefined =>
  listAt({ faults: faults ?? [] }, "faults").length === 0;

/** Only these of its steps. */
export function withSteps(document: PlanDocument, kept: readonly Placed[]): PlanDocument {
  return withPhases(
    document,
    phasesOf(document).map((raw, phase) => ({
      ...raw,
      faults: kept.filter((placed) => placed.phase === phase).map(({ step }) => step),
    })),
  );
}

/** One step in place of another; they are told apart by identity. */
export function replaceStep(document: PlanDocument, old: Raw, step: Raw): PlanDocument {
  return withSteps(
    document,
    placedSteps(document).map((placed) => (placed.step === old ? { ...placed, step } : placed)),
  );
}

export function replacePhase(document: PlanDocument, index: number, phase: Raw): PlanDocument {
  return withPhases(
    document,
    phasesOf(document).map((old, position) => (position === index ? phase : old)),
  );
}

/** The first phase, if it is `until: steady`: without it, the test would be another one. */
export function isWarmUp(document: PlanDocument, index: number): boolean {
  return index === 0 && phasesOf(document)[0]?.["until"] === "steady";
}

/** What must be true at the end is another thing after another phase. */
export function isOfTheEnd(document: PlanDocument): boolean {
  return JSON.stringify(document["expect"] ?? []).includes('"at_end"');
}

/** In milliseconds; undefined for what is no plain duration. */
export function readDuration(written: unknown): number | undefined {
  if (typeof written !== "string" || !new RegExp(`^${durationUnit.pattern}$`).test(written)) return undefined;
  return durationUnit.parse(written);
}

/** Without a link, and without what acts on it or speaks of it. */
export function withoutLink(document: PlanDocument, link: string): PlanDocument {
  const { [link]: _gone, ...links } = recordAt(document, "links");
  return withoutPlaces({ ...document, links }, "link", new Set([link]));
}

/** Without a service, its links, and what acts on them or speaks of them. */
export function withoutService(document: PlanDocument, service: string): PlanDocument {
  const { [service]: _gone, ...services } = recordAt(document, "services");
  const gone = Object.entries(recordAt(document, "links"))
    .filter(([, link]) => textAt(link, "from") === service || textAt(link, "to") === service)
    .map(([name]) => name);
  const observe = Object.entries(recordAt(document, "observe")).filter(([, raw]) => textAt(raw, "service") !== service);
  const apart = withoutLonelyNetworks(services);
  const left = gone.reduce(withoutLink, { ...document, services: apart, observe: Object.fromEntries(observe) });
  const unobserved = Object.keys(recordAt(document, "observe")).filter(
    (name) => !observe.some(([kept]) => kept === name),
  );
  return withoutPlaces(left, "service", new Set([service, ...unobserved]));
}

/** A network of one service connects nothing. */
function withoutLonelyNetworks(services: Raw): Raw {
  const all = Object.values(services).flatMap((service) => listAt(service, "networks"));
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => {
      if (!isRecord(service) || service["networks"] === undefined) return [name, service];
      const { networks: _networks, ...rest } = service;
      const shared = listAt(service, "networks").filter(
        (network) => all.filter((other) => other === network).length > 1,
      );
      return [name, shared.length === 0 ? rest : { ...service, networks: shared }];
    }),
  );
}

export function withoutObservation(document: PlanDocument, name: string): PlanDocument {
  const { [name]: _gone, ...observe } = recordAt(document, "observe");
  return withoutMentions({ ...document, observe }, new Set([name]));
}

function withoutPlaces(document: PlanDocument, what: "link" | "service", gone: ReadonlySet<string>): PlanDocument {
  const kept = placedSteps(document).flatMap(({ phase, step }): readonly Placed[] => {
    if (placeOfStep(step) !== what) return [{ phase, step }];
    const { where } = step;
    const names = Array.isArray(where)
      ? (where as readonly Written[])
      : typeof where === "string"
        ? [where]
        : undefined;
    const left = names?.filter((name) => typeof name !== "string" || !gone.has(name));
    if (left === undefined) return [{ phase, step }];
    return left.length === 0 ? [] : [{ phase, step: { ...step, where: left.length === 1 ? (left[0] ?? "") : left } }];
  });
  return withoutMentions(withSteps(document, kept), gone);
}

function placeOfStep(step: Raw): "link" | "service" | undefined {
  const kinds = Object.keys(step).filter((key) => key.includes("."));
  if (kinds.length === 0) return undefined;
  // What is none of ours is declared by a service, and acts on it.
  const fault = kinds.map((key) => faultOf(key)).find((found) => found !== undefined);
  return fault === undefined ? "service" : placeOf(fault.plane);
}

/** What is steady, and what aborts, speaks of what is there only. */
function withoutMentions(document: PlanDocument, gone: ReadonlySet<string>): PlanDocument {
  const spoken = (item: Written): boolean =>
    [...gone].some((name) => new RegExp(`\\b${name}\\b`).test(JSON.stringify(item)));
  const left = ["steady", "abort"].flatMap((key) =>
    document[key] === undefined ? [] : [[key, listAt(document, key).filter((item) => !spoken(item))] as const],
  );
  return withoutEmpty({ ...document, ...Object.fromEntries(left) });
}

function withoutEmpty(document: PlanDocument): PlanDocument {
  return Object.fromEntries(
    Object.entries(document).filter(
      ([, value]) => typeof value !== "object" || value === null || Object.keys(value).length > 0,
    ),
  );
}
