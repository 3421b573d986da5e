/**
 * A control is a run with a guard of the subject switched off: it must fail, and by the expectation that it names. Anything else means that the plan
 * would not notice the defect that it is there for. Such a control is blind.
 */
import type { Control } from "../plan/schema.ts";
import type { Judgement } from "./finding.ts";

/** By service: the guards that the control switches off. */
export function withoutBy({ service, also = [], without }: Control): ReadonlyMap<string, readonly string[]> {
  return new Map([service, ...also].map((each) => [each, without]));
}

export interface ControlJudgement {
  /** `red` is what is wanted. */
  readonly result: "red" | "blind";
  /** One sentence. */
  readonly reason: string;
}

export function judgeControl(control: Control, { verdict, findings }: Judgement): ControlJudgement {
  const named = findings.find(
    ({ expectation, name, verdict: found }) =>
      found === "fail" && (expectation === control.fails || name === control.fails),
  );
  if (named !== undefined) return { result: "red", reason: named.reason };
  const without = `${control.service} without ${control.without.join(", ")}`;
  const [other] = findings.filter(({ verdict: found }) => found === verdict);
  switch (verdict) {
    case "pass":
      return { result: "blind", reason: `${without} passes: the plan does not notice` };
    case "unknown":
      return {
        result: "blind",
        reason: `${without} ends as unknown, by ${other?.expectation ?? ""}: ${other?.reason ?? ""}`,
      };
    case "fail":
      return {
        result: "blind",
        reason: `${without} fails by another expectation, ${other?.expectation ?? ""}: ${other?.reason ?? ""}`,
      };
    default:
      return verdict satisfies never;
  }
}
