/**
 * Which events reach which of the declared signals: what an event costs must not depend on how many services there are, nor on how many signals they
 * have.
 *
 *     probe          ──by its name────────────────────► the one signal
 *     service.log    ──by service, and event or line──► those that might read it
 *     service.start,
 *     service.exit   ──by service─────────────────────► all of it: what was known is forgotten
 */
import type { HistoryEvent } from "../history/event.ts";
import type { Observation } from "../plan/schema.ts";
import type { Observed } from "./observed.ts";

export interface Declared {
  /** Whose signal it is; absent for an observation of the plan. */
  readonly service: string | undefined;
  readonly name: string;
  /** `node.ping`, or the name alone for an observation of the plan. */
  readonly full: string;
  readonly observation: Observation;
  readonly observed: Observed;
}

export interface Routes {
  /** Adds the full names of those that the event says something of. */
  apply(event: HistoryEvent, changed: string[]): void;
}

export function createRoutes(declared: readonly Declared[]): Routes {
  const probes = Map.groupBy(declared, ({ full }) => full);
  const lives = Map.groupBy(declared, ({ observation }) => observation.service);
  const logs = Map.groupBy(
    declared.filter(({ observation }) => observation.event !== undefined),
    ({ observation: { service, event } }) => keyOf(service, event),
  );
  const lines = Map.groupBy(
    declared.filter(({ observation }) => observation.event === undefined && observation.line !== undefined),
    ({ observation }) => observation.service,
  );

  return {
    apply(event, changed) {
      const tell = (route: readonly Declared[] | undefined): void => {
        if (route === undefined) return;
        for (const { full, observed } of route) if (observed.apply(event)) changed.push(full);
      };
      if (event.event === "probe") tell(probes.get(event.name));
      if (event.event === "service.start" || event.event === "service.exit") tell(lives.get(event.service));
      if (event.event === "service.log") {
        tell(logs.get(keyOf(event.service, event.fields?.["event"])));
        tell(lines.get(event.service));
      }
    },
  };
}

function keyOf(service: string, event: unknown): string {
  return `${service} ${typeof event === "string" ? event : ""}`;
}
