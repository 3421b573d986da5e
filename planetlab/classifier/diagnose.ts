/** The fault behind the symptoms: the one that explains most of them. */
import { faultClasses, symptomsOf, type FaultClass } from "./symptoms.ts";
import type { Line } from "./line.ts";

export type Diagnosis = FaultClass | "none";

/** What happens once, and has whatever else is seen then as its consequence: documents that are too old, time servers that are off. */
const causes: readonly FaultClass[] = ["clock-step", "plc-clock"];

/** `windowMs`: what is longer ago than that has passed; it still tells how things were when all was well. */
export function diagnose(lines: readonly Line[], windowMs: number): Diagnosis {
  const now = lines.at(-1)?.at ?? 0;
  const recent = symptomsOf(lines).filter(({ at }) => at > now - windowMs);
  const countOf = (fault: FaultClass): number => recent.filter((symptom) => symptom.fault === fault).length;
  const cause = causes.find((fault) => countOf(fault) > 0);
  if (cause !== undefined) return cause;
  const [most] = faultClasses
    .map((fault) => ({ fault, count: countOf(fault) }))
    .filter(({ count }) => count > 0)
    .sort((one, other) => other.count - one.count);
  return most?.fault ?? "none";
}
