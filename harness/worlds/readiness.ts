/**
 * When a service counts as started. What its plan says of it:
 *
 *     port      a port of it accepts connections          line      a line of its output matches
 *     http      a GET is answered with the right status   log       it logs an event
 *     healthy   its world finds it healthy                nothing   a program logs `ready`; all others run
 */
import { once } from "node:events";
import { createDeadline } from "../../host/deadline.ts";
import type { Address, Host } from "../../host/host.ts";
import { request } from "../../host/http.ts";
import type { Service } from "../plan/schema.ts";

const betweenLooksMs = 20;
/** Who has accepted a request and does not answer it is asked anew: what listened then may not be what will be ready. */
const longestLookMs = 2000;

export interface ReadinessOptions {
  readonly service: Service;
  readonly host: Host;
  /** Dispatches an event for each structured line. */
  readonly events: EventTarget;
  /** Told of each line of its output. */
  readonly listeners: Set<(line: string) => void>;
  readonly address: (port: number) => Address;
  /** Resolves when its image's health check has passed, in a world of images. */
  readonly healthy?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Aborted when the process ends. */
  readonly signal: AbortSignal;
}

/** Rejects when the process ends before. */
export async function becomesReady(options: ReadinessOptions): Promise<void> {
  const { service, events, signal } = options;
  const { port, line, http, healthy, log } = service.ready ?? {};
  if (port !== undefined) return untilLookSucceeds((look) => connects(port, look, options), options);
  if (http !== undefined) return untilLookSucceeds((look) => answers(http, look, options), options);
  if (line !== undefined) return hears(new RegExp(line), options);
  if (healthy === true) return isHealthy(options);
  const event = log ?? (service.ready === undefined && service.program !== undefined ? "ready" : undefined);
  if (event !== undefined) await once(events, event, { signal });
}

/** What a plan that says nothing of readiness, or what it says, comes to: for whoever waited in vain. */
export function describeReadiness({ ready, program }: Pick<Service, "ready" | "program">): string {
  const { port, line, http, healthy, log } = ready ?? {};
  if (port !== undefined) return `it must accept connections on port ${port}`;
  if (http !== undefined) return `it must answer GET ${http.path} on port ${http.port} with status ${http.expect}`;
  if (line !== undefined) return `it must write a line that matches ${line}`;
  if (healthy === true) return "its image's health check must pass";
  if (log === undefined && program === undefined) return "it must run";
  return `it must log the event ${log ?? "ready"}`;
}

type Look = (signal: AbortSignal) => Promise<boolean>;
type Looking = Pick<ReadinessOptions, "host" | "address" | "signal">;

async function untilLookSucceeds(look: Look, { host, signal }: Looking): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    using deadline = createDeadline(host.clock, longestLookMs, { signal });
    if (await look(deadline.signal).catch(() => false)) return;
    await host.clock.sleep(betweenLooksMs, { signal });
  }
}

async function connects(port: number, signal: AbortSignal, { host, address }: Looking): Promise<boolean> {
  const socket = await host.network.connect(address(port), { signal });
  socket.destroy();
  return true;
}

async function answers(
  { port, path, expect }: { readonly port: number; readonly path: string; readonly expect: number },
  signal: AbortSignal,
  { host, address }: Looking,
): Promise<boolean> {
  const { status, body } = await request(host, { address: address(port), path }, { signal });
  // To its end, since not every server bears to be cut off; one without an end is left when the look is over.
  await drain(body).catch(() => {});
  return status === expect;
}

async function drain(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) void chunk;
}

async function hears(expression: RegExp, { listeners, signal }: ReadinessOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const hear = (line: string): void => {
    if (expression.test(line)) resolve();
  };
  const over = (): void => reject(signal.reason);
  if (signal.aborted) over();
  signal.addEventListener("abort", over, { once: true });
  listeners.add(hear);
  try {
    await promise;
  } finally {
    listeners.delete(hear);
    signal.removeEventListener("abort", over);
  }
}

async function isHealthy({ healthy, signal }: ReadinessOptions): Promise<void> {
  if (healthy === undefined) throw new Error("this world has no health checks, and was given a service that needs one");
  await healthy(signal);
}
