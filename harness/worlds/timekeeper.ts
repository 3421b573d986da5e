/**
 * The NTP client of a service in a real world: it runs beside the proxies, asks over the doors of the service's links, and sees and steers the service's
 * virtual clock.
 *
 *     keepTime ── UDP ──► door of the link ──► time server
 *        └──── step, slew ──► virtual clock ──► the service's processes
 */
import { inspect } from "node:util";
import { z } from "zod";
import type { TimekeeperTarget } from "../../faults/timekeeper/contract.ts";
import type { VirtualClock } from "../../host/clock/virtual.ts";
import type { Address } from "../../host/host.ts";
import { createRealHost } from "../../host/real.ts";
import type { Service } from "../plan/schema.ts";
import { policyNames } from "../timekeeper/policy.ts";
import { createStarving } from "../timekeeper/starving.ts";
import { keepTime, type TimekeeperEvent } from "../timekeeper/timekeeper.ts";

/** What it is to do, as plain data. */
export const timekeeperDuty = z.strictObject({
  policy: z.enum(policyNames),
  pollMs: z.number().optional(),
  stepoutMs: z.number().optional(),
  driftFile: z.boolean().optional(),
  /** By link. */
  servers: z.record(z.string(), z.strictObject({ host: z.string(), port: z.number() })),
  /** Whence it asks, and by which addresses servers may know the service. */
  from: z.string(),
  addresses: z.array(z.string()).readonly(),
  seed: z.number(),
});
export type TimekeeperDuty = z.output<typeof timekeeperDuty>;

export interface Place {
  /** Where the service finds the server of a link. */
  readonly doorOf: (link: string) => Address;
  readonly from: string;
  readonly addresses: readonly string[];
  readonly seed: number;
}

/** Undefined if the plan gives it none. */
export function dutyOf({ timekeeper }: Service, { doorOf, ...place }: Place): TimekeeperDuty | undefined {
  if (timekeeper === undefined) return undefined;
  const { policy, servers, poll: pollMs, stepout: stepoutMs, drift_file: driftFile } = timekeeper;
  return {
    policy,
    pollMs,
    stepoutMs,
    driftFile,
    servers: Object.fromEntries(servers.map((link) => [link, doorOf(link)])),
    ...place,
  };
}

export interface TimekeeperOptions extends TimekeeperDuty {
  readonly service: string;
  readonly clock: Pick<VirtualClock, "clock" | "step" | "setSlew">;
  readonly onEvent: (event: TimekeeperEvent) => void;
  readonly onCrash: (reason: string) => void;
}

export interface Timekeeper extends AsyncDisposable {
  /** Unless it runs, or has given up. */
  start(): void;
  readonly target: TimekeeperTarget;
}

export function createTimekeeper(options: TimekeeperOptions): Timekeeper {
  const { service, clock, servers, from, onEvent, onCrash } = options;
  const starving = createStarving(() => clock.clock.monotonic());
  const over = new AbortController();
  const host = createRealHost({
    name: `${service}.timekeeper`,
    directory: "/",
    seed: options.seed,
    clock: clock.clock,
    log: () => {},
  });
  let running: Promise<void> | undefined;
  return {
    target: starving.target,
    start() {
      running ??= keepTime(
        {
          host: {
            ...host,
            network: { ...host.network, bind: (at, hear) => host.network.bind({ host: from, ...at }, hear) },
          },
          clock: { step: (milliseconds) => clock.step({ wall: milliseconds }), setSlew: (slew) => clock.setSlew(slew) },
          policy: options.policy,
          servers: new Map(Object.entries(servers)),
          addresses: [from, ...options.addresses],
          ...(options.pollMs !== undefined && { pollMs: options.pollMs }),
          ...(options.stepoutMs !== undefined && { stepoutMs: options.stepoutMs }),
          ...(options.driftFile !== undefined && { driftFile: options.driftFile }),
          mayAsk: () => starving.mayAsk(),
          onEvent,
        },
        over.signal,
      ).catch((error: unknown) => {
        if (!over.signal.aborted) onCrash(describeCrash(service, error));
      });
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      await running;
    },
  };
}

export function describeCrash(service: string, error: unknown): string {
  return `the timekeeper of ${service} has crashed: ${error instanceof Error ? error.message : inspect(error)}`;
}
