/**
 * Which faults a plan may name: all of ours, and those that the subjects of its services declare.
 *
 *     subject.yaml  subject: plc, faults: { vanish: … }  ──►  plc.vanish, where: any service of that subject
 */
import { createDeclaredFault } from "../../faults/declared/declare.ts";
import { faults } from "../../faults/registry.ts";
import type { Fault, Repertoire } from "../../faults/registry.ts";
import type { Service, Subject } from "./schema.ts";

/** As much of a plan as it takes. A plan itself is plain data, and travels to other threads and processes. */
export interface WithServices {
  readonly services: Readonly<Record<string, Pick<Service, "subject">>>;
}

const ofServices = new WeakMap<WithServices["services"], Repertoire>();

export function repertoireIn({ services }: WithServices): Repertoire {
  const repertoire =
    ofServices.get(services) ?? repertoireOf(Object.values(services).flatMap(({ subject }) => subject ?? []));
  ofServices.set(services, repertoire);
  return repertoire;
}

export function repertoireOf(subjects: Iterable<Subject>): Repertoire {
  const declaring = [...new Set(subjects)].filter(({ faults: declared }) => Object.keys(declared).length > 0);
  if (declaring.length === 0) return faults;
  const key = JSON.stringify(declaring.map(({ subject, faults: declared }) => [subject, declared]));
  const repertoire =
    known.get(key) ??
    new Map([...faults, ...declaring.flatMap(declaredBy).map((fault) => [fault.kind, fault] as const)]);
  if (known.size >= mostKnown) known.clear();
  known.set(key, repertoire);
  return repertoire;
}

/** The same for the same declarations, for speed only: what is made of a repertoire, such as the shape of a plan, is made once. */
const known = new Map<string, Repertoire>();
const mostKnown = 32;

/** In the order of the file. */
export function declaredBy(subject: Subject): readonly Fault[] {
  const declared =
    ofSubjects.get(subject) ??
    Object.entries(subject.faults).map(([name, fault]) => createDeclaredFault(`${subject.subject}.${name}`, fault));
  ofSubjects.set(subject, declared);
  return declared;
}

/** For speed only: plans with different services share their subjects, and so what is made of a fault, such as its shape. */
const ofSubjects = new WeakMap<Subject, readonly Fault[]>();

/** Whether a service of the subject can have the fault; a fault of ours any can. */
export function canHave(subject: Subject | undefined, { plane, kind }: Pick<Fault, "plane" | "kind">): boolean {
  return plane !== "declared" || (subject !== undefined && declares(subject, kind));
}

function declares({ subject, faults: declared }: Subject, kind: string): boolean {
  return kind.startsWith(`${subject}.`) && Object.hasOwn(declared, kind.slice(subject.length + 1));
}
