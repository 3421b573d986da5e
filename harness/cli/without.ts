/** `--without SERVICE:GUARD`: guards that a run is to do without. */
import { UsageError } from "../errors.ts";
import { hint } from "../../faults/nearest.ts";
import type { Plan } from "../plan/schema.ts";

export interface SwitchedOff {
  readonly service: string;
  readonly guard: string;
}

/** By service. @throws {UsageError} for what the plan has not. */
export function withoutOf(
  { services }: Plan,
  switchedOff: readonly SwitchedOff[] = [],
): ReadonlyMap<string, readonly string[]> {
  for (const { service, guard } of switchedOff) {
    const wrong = (what: string): UsageError => new UsageError(`--without ${service}:${guard}: ${what}`);
    const found = services[service];
    if (found === undefined) throw wrong(`there is no service ${service}: ${hint(service, Object.keys(services))}`);
    const guards = Object.keys(found.subject?.guards ?? {});
    if (!guards.includes(guard)) throw wrong(`${service} has no guard ${guard}: ${hint(guard, guards)}`);
  }
  const groups = Map.groupBy(switchedOff, ({ service }) => service);
  return new Map([...groups].map(([service, those]) => [service, those.map(({ guard }) => guard)]));
}

/** As they stand on a command line. */
export function withoutFlags(switchedOff: readonly SwitchedOff[] = []): readonly string[] {
  return switchedOff.map(({ service, guard }) => `--without ${service}:${guard}`);
}
