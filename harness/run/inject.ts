/** How an occurrence reaches the world, plane by plane. */
import type { z } from "zod";
import { isFaultOfLink } from "../../faults/registry.ts";
import type { Fault, FaultOfLink, FaultOfService, Repertoire } from "../../faults/registry.ts";
import { linkIn, takesDoor } from "../../faults/place.ts";
import { drawFrom } from "../../faults/random.ts";
import type { ServiceContext, ServiceFault } from "../../faults/service.ts";
import type { Targets } from "../../faults/targets.ts";
import { WorldError } from "../errors.ts";
import type { Occurrence } from "../schedule/schedule.ts";
import type { World } from "../worlds/world.ts";

export interface InjectOptions {
  readonly world: World;
  readonly repertoire: Repertoire;
  readonly seed: number;
  readonly step: string;
  readonly occurrence: Occurrence;
  /** Aborted when the occurrence ends. */
  readonly signal: AbortSignal;
  readonly onHit: (where: string, detail: Readonly<Record<string, unknown>>) => void;
}

/** Resolves when all that the fault does at once is done; disposing the result lifts it. */
export async function inject(options: InjectOptions): Promise<AsyncDisposable> {
  const fault = options.repertoire.get(options.occurrence.kind);
  if (fault === undefined) throw new WorldError(`no fault is called ${options.occurrence.kind}: see "sinbin faults"`);
  const parameters = fault.parameters.parse(placed(fault, options.occurrence.parameters, options.world));
  return isFaultOfLink(fault)
    ? injectIntoLinks(fault, parameters, options)
    : injectIntoServices(fault, parameters, options);
}

/** With the addresses of this world, where links stand for those of their doors. */
function placed(
  { parameters: { shape } }: Pick<Fault, "parameters">,
  parameters: Readonly<Record<string, unknown>>,
  { links }: World,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(parameters).map(([name, value]) => {
    const link = linkIn(value);
    const schema = shape[name];
    if (link === undefined || schema === undefined || !takesDoor(schema as z.ZodType)) return [name, value];
    return [name, required(links, link, "link").address.host];
  });
  return Object.fromEntries(entries) as Readonly<Record<string, unknown>>;
}

async function injectIntoLinks(
  fault: FaultOfLink,
  parameters: Record<string, unknown>,
  options: InjectOptions,
): Promise<AsyncDisposable> {
  const { world, seed, step, occurrence, onHit } = options;
  await using injected = new AsyncDisposableStack();
  for (const where of occurrence.where) {
    const injection = await required(world.links, where, "link").inject(
      { kind: fault.kind, parameters, match: occurrence.match, chance: { seed, path: [step, where, occurrence.n] } },
      (detail) => onHit(where, detail),
    );
    injected.defer(() => lift(injection, step, where));
  }
  return injected.move();
}

/** A fault that can't be lifted, such as a door whose port somebody took meanwhile, is trouble of the world and no bug. */
async function lift(injection: AsyncDisposable, step: string, where: string): Promise<void> {
  try {
    await injection[Symbol.asyncDispose]();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WorldError(`step ${step} could not be lifted from ${where}: ${reason}`, { cause });
  }
}

async function injectIntoServices(
  fault: FaultOfService,
  parameters: Record<string, unknown>,
  options: InjectOptions,
): Promise<AsyncDisposable> {
  const { world, seed, step, occurrence, signal, onHit } = options;
  await using injected = new AsyncDisposableStack();
  const outcomes = await Promise.allSettled(
    occurrence.where.map(async (where) => {
      const { targets } = required(world.services, where, "service");
      const chance = { seed, path: [step, where, occurrence.n] };
      const context: ServiceContext = {
        sleep: (milliseconds) => world.host.clock.sleep(milliseconds, { signal }),
        signal,
        hit: (detail) => onHit(where, detail),
        draw: drawFrom(chance),
        chance,
      };
      const lasting = await act(fault, targetOf(targets, fault, world), parameters, context);
      if (lasting !== undefined) injected.defer(() => lift(lasting, step, where));
    }),
  );
  // One that fails must not cost the others their lift.
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return injected.move();
}

function required<Thing>(things: ReadonlyMap<string, Thing>, name: string, what: string): Thing {
  const thing = things.get(name);
  if (thing === undefined) throw new WorldError(`this world has no ${what} called ${name}`);
  return thing;
}

/** On which a fault of the plane acts. A plan that needs what its world lacks does not get here. */
function targetOf<Plane extends keyof Targets>(
  targets: Targets,
  { plane, kind }: { readonly plane: Plane; readonly kind: string },
  { name }: World,
): NonNullable<Targets[Plane]> {
  const target = targets[plane];
  if (target === undefined) throw new WorldError(`the world ${name} has nothing for ${kind} to act on`);
  return target;
}

function act<Plane extends keyof Targets>(
  fault: ServiceFault<Plane, NonNullable<Targets[Plane]>>,
  target: NonNullable<Targets[Plane]>,
  parameters: Record<string, unknown>,
  context: ServiceContext,
): Promise<AsyncDisposable | void> {
  return fault.inject(target, parameters, context);
}
