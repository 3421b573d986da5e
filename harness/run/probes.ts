/**
 * Looks at the services from outside, again and again, and records what it saw: HTTP, TCP and file observations of the plan and of its subjects.
 * Observations of the log need no probe: the lines are in the history already. Every look costs the subject something, so that nobody looks at what no
 * expression of the plan reads.
 */
import { createDeadline } from "../../host/deadline.ts";
import { request } from "../../host/http.ts";
import type { Clock } from "../../host/host.ts";
import { createIsRead, readsOf } from "../judge/reads.ts";
import type { Observation, Plan } from "../plan/schema.ts";
import type { RecordEvent } from "../history/event.ts";
import type { World } from "../worlds/world.ts";

/** A probe that has no answer by then has failed; a paused service must not hold up the next look. */
const probeTimeoutMs = 2000;
const maximumBodyBytes = 1024 * 1024;
/** What is recorded of one look: the history keeps every one. */
const maximumValueLength = 64 * 1024;
const shortestEveryMs = 10;

export interface ProbesOptions {
  readonly plan: Plan;
  readonly world: World;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
}

/** Runs until the signal is aborted. */
export async function runProbes(options: ProbesOptions): Promise<void> {
  const { plan, world, record, signal } = options;
  const isRead = createIsRead(readsOf(plan));
  const wanted = observations(plan).filter(({ name }) => isRead(name));
  const clocks = Object.keys(plan.services).filter((name) => isRead(`${name}.clock.offset`));
  const looking = clocks.map((name) => watchClock(name, options));
  await Promise.all([
    ...looking,
    ...wanted.map(async ({ name, service, observation }) => {
      const look = lookFor(world, service, observation);
      if (look === undefined) return;
      while (!signal.aborted) {
        const began = world.host.clock.monotonic();
        const seen = await probe(world.machineClock ?? world.host.clock, name, look, signal);
        // A look that the end of the run has cut short says nothing about the service.
        if (signal.aborted) return;
        record(seen);
        const rest = began + Math.max(shortestEveryMs, observation.every ?? 1000) - world.host.clock.monotonic();
        await world.host.clock.sleep(Math.max(0, rest), { signal }).catch(() => {});
      }
    }),
  ]);
}

const clockEveryMs = 500;
/** Less is no news. */
const leastChangeMs = 1;

async function watchClock(service: string, { world, record, signal }: ProbesOptions): Promise<void> {
  const running = world.services.get(service);
  if (running?.clockOffset === undefined) return;
  let last = Infinity;
  while (!signal.aborted) {
    const offset = Math.round((await running.clockOffset()) * 1000) / 1000;
    if (!(Math.abs(offset - last) < leastChangeMs)) {
      record({ event: "clock.offset", service, offset });
      last = offset;
    }
    await world.host.clock.sleep(clockEveryMs, { signal }).catch(() => {});
  }
}

function observations(
  plan: Plan,
): readonly { readonly name: string; readonly service: string; readonly observation: Observation }[] {
  const own = Object.entries(plan.observe).map(([name, observation]) => ({
    name,
    service: observation.service,
    observation,
  }));
  const subjects = Object.entries(plan.services).flatMap(([service, { subject }]) =>
    Object.entries(subject?.signals ?? {}).map(([signal, observation]) => ({
      name: `${service}.${signal}`,
      service,
      observation: { ...observation, service },
    })),
  );
  return [...own, ...subjects];
}

type Look = (signal: AbortSignal) => Promise<unknown>;

async function probe(clock: Clock, name: string, look: Look, signal: AbortSignal): Promise<Parameters<RecordEvent>[0]> {
  using deadline = createDeadline(clock, probeTimeoutMs, { signal });
  try {
    const value = await unlessAborted(deadline.signal, look(deadline.signal));
    if ((JSON.stringify(value) ?? "").length > maximumValueLength) {
      throw new Error(
        `what it saw is longer than ${maximumValueLength} characters: choose a part of it with json or match`,
      );
    }
    return { event: "probe", name, ok: true, ...(value === undefined ? {} : { value }) };
  } catch (error) {
    return { event: "probe", name, ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

function lookFor(world: World, serviceName: string, observation: Observation): Look | undefined {
  const service = world.services.get(serviceName);
  if (service === undefined) return undefined;
  if (observation.http !== undefined) {
    const { port, path, method, body, expect, match } = observation.http;
    return async (signal) => {
      const reply = await request(world.host, { address: await service.address(port), path, method, body }, { signal });
      const text = await readText(reply.body);
      if (reply.status !== expect) throw new Error(`status ${reply.status} where ${expect} was expected`);
      if (match !== undefined) return firstMatch(text, match);
      return observation.json === undefined ? reply.status : select(JSON.parse(text), observation.json);
    };
  }
  if (observation.tcp !== undefined) {
    const { port } = observation.tcp;
    return async (signal) => {
      const socket = await world.host.network.connect(await service.address(port), { signal });
      socket.destroy();
      return true;
    };
  }
  if (observation.file !== undefined) {
    const { file, json, match, as } = observation;
    return async () => {
      const bytes = await service.readFile(file);
      if (bytes.length > maximumBodyBytes) throw new Error(`the file is longer than ${maximumBodyBytes} bytes`);
      const text = new TextDecoder().decode(bytes);
      if (match !== undefined) return as === "list" ? allMatches(text, match) : firstMatch(text, match);
      return json === undefined ? text : select(JSON.parse(text), json);
    };
  }
  return undefined;
}

function firstMatch(text: string, pattern: string): string {
  const found = new RegExp(pattern).exec(text);
  if (found === null) throw new Error(`what it saw does not match ${pattern}`);
  return found[1] ?? found[0];
}

function allMatches(text: string, pattern: string): readonly string[] {
  return [...text.matchAll(new RegExp(pattern, "g"))].map(([whole, group]) => group ?? whole);
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maximumBodyBytes) throw new Error(`the body is longer than ${maximumBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** A look need not heed its signal: a file on a disk that hangs does not. */
function unlessAborted<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort);
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** The value at a path such as `slivers.names` or `nodes[0].id`. @throws {Error} if there is none. */
function select(document: unknown, path: string): unknown {
  let value = document;
  for (const key of path.split(/[.[\]]+/).filter((part) => part !== "" && part !== "$")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key))
      throw new Error(`there is nothing at ${path}`);
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}
