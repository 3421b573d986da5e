/**
 * What the Node Manager can be asked, beside `system.listMethods` and what belongs to that: `ping`, `status`, `dump_state`, `log`, `dump`, `acquire`, `bind`, `release`, `lease`. A call that is refused throws a `ResourceError`, and has
 * changed nothing.
 *
 * Those that change something take a name for their request (`{request: "…"}`, the last parameter), and are executed once for each name.
 */
import { z } from "zod";
import type { Clock } from "../../host/host.ts";
import type { XmlRpcValue } from "../xml-rpc.ts";
import type { Dump } from "./dump.ts";
import type { LeaseRequest, Leases } from "./leases.ts";
import type { NodeLog } from "./log.ts";
import type { Requests } from "./requests.ts";
import { cpuShareOf, ResourceError, type BindWindow, type Resources } from "./resources.ts";
import { readRspec } from "./rspec.ts";

/** What a lease gives unless it is told otherwise: several times as much as a slice has of its own. */
const standardBoost = { nm_cpu_share: 512 };
const standardLines = 20;

export interface MethodOptions {
  /** The clocks that are shown to others. */
  readonly machine: Pick<Clock, "wall" | "monotonic" | "boot">;
  readonly recentLines: NodeLog["recent"];
  readonly requests: Requests;
  readonly resources: Resources;
  readonly leases: Leases;
  /** Everything that is known. */
  readonly status: (() => { readonly [member: string]: XmlRpcValue }) | undefined;
  /** What is on the node. */
  readonly dumpState: (() => Promise<{ readonly [member: string]: XmlRpcValue }>) | undefined;
  readonly dump: Dump;
  /** Milliseconds since the loop last came round: a daemon that listens and does nothing else is not alive. */
  readonly loopAgeMs: () => number;
}

/** `latencyMs`: how long ago the call came, as far as anybody can tell. */
export type Method = (params: readonly XmlRpcValue[], latencyMs: () => number) => XmlRpcValue | Promise<XmlRpcValue>;

const helps: ReadonlyMap<string, string> = new Map([
  ["ping", "ping(): how long ago the loop came round, and what the clocks say"],
  ["status", "status(): all that is known"],
  ["dump_state", "dump_state(): what is on the node"],
  ["log", "log(count): the last lines of the log"],
  ["dump", "dump(number): the lines of the packet dump from that one on"],
  ["acquire", "acquire(rspec, {request, window}): a handle of a resource set, {nm_cpu_share: 32} for instance"],
  ["bind", "bind(slice, rcap, {request}): gives the set to the slice"],
  ["release", "release(rcap, {request}): gives the set back"],
  ["lease", "lease(slice, {length, begin, request, rspec}): more of the CPU for a while; times in seconds"],
]);

/** A line about each that is there. */
export const helpsOf = (methods: ReadonlyMap<string, Method>): ReadonlyMap<string, string> =>
  new Map([...methods.keys()].map((name) => [name, helps.get(name) ?? name]));

export function createMethods(options: MethodOptions): ReadonlyMap<string, Method> {
  const { machine, dump, requests, resources, leases, status, dumpState, recentLines, loopAgeMs } = options;
  return new Map<string, Method>([
    [
      "ping",
      () => ({
        loop_age_ms: Math.round(loopAgeMs()),
        wall_ms: Math.round(machine.wall()),
        monotonic_ms: Math.round(machine.monotonic()),
        boot: machine.boot,
      }),
    ],
    ...methodsThere({ status, dump_state: dumpState }),
    [
      "log",
      ([count = standardLines]) => {
        if (typeof count !== "number" || !(count >= 0)) throw new ResourceError("badRequest", "write log(count)");
        return recentLines(count).map(({ wall, monotonic, boot, event }) => ({
          wall_ms: Math.round(wall),
          monotonic_ms: Math.round(monotonic),
          boot,
          event,
        }));
      },
    ],
    [
      "dump",
      ([number = 0]) => {
        if (typeof number !== "number") throw new ResourceError("badRequest", "write dump(number of the first line)");
        return { ...dump.since(number) };
      },
    ],
    [
      "acquire",
      async (params, latencyMs) => {
        const [rspec = {}, terms = {}] = params;
        const { request: name, window = false } = termsIn(
          acquireTerms,
          terms,
          "acquire(rspec, {request, window: true})",
        );
        let unanswered: string | undefined;
        const answer = requests.once({ name, method: "acquire", params }, () => {
          const { rcap, undo, opened } = resources.acquire(readRspec(rspec));
          unanswered = rcap;
          const told = (opened: BindWindow): XmlRpcValue => (window ? windowTold(rcap, opened) : rcap);
          const answered = (): XmlRpcValue => {
            unanswered = undefined;
            return told(resources.answered(rcap, latencyMs()));
          };
          return { value: told(opened), undo, answered };
        });
        return answer.finally(() => unanswered !== undefined && resources.answered(unanswered, latencyMs()));
      },
    ],
    [
      "bind",
      async (params) => {
        const [slice, rcap, terms = {}] = params;
        if (typeof slice !== "string" || typeof rcap !== "string")
          throw new ResourceError("badRequest", "write bind(slice, rcap, {request})");
        const request = { name: nameIn(terms, "bind(slice, rcap, {request})"), method: "bind", params };
        return requests.once(request, () => ({ value: "ok", undo: resources.bind(slice, rcap) }));
      },
    ],
    [
      "release",
      async (params) => {
        const [rcap, terms = {}] = params;
        if (typeof rcap !== "string") throw new ResourceError("badRequest", "write release(rcap, {request})");
        const request = { name: nameIn(terms, "release(rcap, {request})"), method: "release", params };
        return requests.once(request, () => ({ value: "ok", undo: resources.release(rcap) }));
      },
    ],
    [
      "lease",
      async (params, latencyMs) => {
        const [slice, terms = {}] = params;
        const { name, lease } = asLeaseRequest(slice, terms);
        return requests.once({ name, method: "lease", params }, () => {
          const handle = leases.grant(lease);
          return {
            value: leaseTold(leases, handle, 0),
            undo: () => leases.revoke(handle),
            answered: () => leaseTold(leases, handle, latencyMs()),
          };
        });
      },
    ],
  ]);
}

function methodsThere(methods: Readonly<Record<string, Method | undefined>>): readonly [string, Method][] {
  return Object.entries(methods).flatMap(([name, method]) => (method === undefined ? [] : [[name, method]]));
}

/** Times in seconds. */
function windowTold(rcap: string, { leftMs, extendedByMs }: BindWindow): XmlRpcValue {
  return { rcap, window: leftMs === null ? null : leftMs / 1000, extended_by: extendedByMs / 1000 };
}

function leaseTold(leases: Leases, handle: string, latencyMs: number): XmlRpcValue {
  const answer = leases.answered(handle, latencyMs);
  return {
    lease: answer.lease,
    begin: answer.beginMs / 1000,
    length: answer.lengthMs / 1000,
    minimum: answer.minimumMs / 1000,
    extended_by: answer.extendedByMs / 1000,
  };
}

/** Given by whoever asks, and by nobody else: its client's name and a number, or chance. */
const requestName = z.string().min(1).max(100).optional();
const requestTerms = z.strictObject({ request: requestName });

/** With `window`, the answer has besides the handle how long it may be bound. */
const acquireTerms = requestTerms.extend({ window: z.boolean().optional() });

function termsIn<Terms>(schema: z.ZodType<Terms>, terms: XmlRpcValue, signature: string): Terms {
  const read = schema.safeParse(terms);
  if (read.success) return read.data;
  throw new ResourceError("badRequest", `write ${signature}: a request's name has 1 to 100 characters`);
}

function nameIn(terms: XmlRpcValue, signature: string): string | undefined {
  return termsIn(requestTerms, terms, signature).request;
}

/** Lengths are in seconds, and begins in seconds of PLC's clock. */
const leaseTermsSchema = z.strictObject({
  length: z
    .number()
    .positive()
    .max(366 * 86_400),
  begin: z.number().min(0).max(4e9).optional(),
  request: requestName,
  rspec: z.record(z.string(), z.int().min(0)).transform(readRspec).optional(),
});

function asLeaseRequest(
  slice: XmlRpcValue | undefined,
  terms: XmlRpcValue,
): { readonly name: string | undefined; readonly lease: LeaseRequest } {
  const read = leaseTermsSchema.safeParse(terms);
  if (typeof slice !== "string" || !read.success) {
    throw new ResourceError(
      "badRequest",
      "write lease(slice, {length, begin, request, rspec}): times in seconds; all but the length may be left out",
    );
  }
  const { length, begin, request, rspec } = read.data;
  const beginMs = begin === undefined ? undefined : begin * 1000;
  return {
    name: request,
    lease: { slice, share: cpuShareOf(rspec ?? standardBoost), lengthMs: length * 1000, beginMs },
  };
}
