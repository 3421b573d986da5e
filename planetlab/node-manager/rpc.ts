/**
 * The Node Manager's XML-RPC: `ping`, `status`, `dump_state`, `log`, `dump`, `acquire`, `bind`, `lease`. Each answers `[0, value]`, or `[code, message]` if it is refused.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { Clock, Host, Listener, Log } from "../../host/host.ts";
import { serveHttp } from "../../host/http.ts";
import { BodyError, readBody } from "../body.ts";
import { limitConnections } from "../limits.ts";
import {
  decodeCall,
  encodeReply,
  faultCodes,
  isStruct,
  XmlRpcError,
  type Call,
  type Reply,
  type XmlRpcValue,
} from "../xml-rpc.ts";
import type { Dump } from "./dump.ts";
import type { Leases, LeaseRequest } from "./leases.ts";
import type { NodeLog } from "./log.ts";
import { cpuShareOf, ResourceError, type Resources } from "./resources.ts";

/** What a lease gives unless it is told otherwise: several times as much as a slice has of its own. */
const standardBoost = { nm_cpu_share: 512 };
const standardLines = 20;
const bodyLimitBytes = 1024 * 1024;
const limits = { connections: 64, lifetimeMs: 30_000 };

export interface RpcOptions {
  readonly port: number;
  readonly log: Log;
  readonly dump: Dump;
  /** The clocks that are shown to others. */
  readonly machine: Pick<Clock, "wall" | "monotonic" | "boot">;
  readonly recentLines: NodeLog["recent"];
  readonly resources: Resources;
  readonly leases: Leases;
  /** Everything that is known. */
  readonly status: (() => { readonly [member: string]: XmlRpcValue }) | undefined;
  /** What is on the node. */
  readonly dumpState: (() => Promise<{ readonly [member: string]: XmlRpcValue }>) | undefined;
  /** Milliseconds since the loop last came round: a daemon that listens and does nothing else is not alive. */
  readonly loopAgeMs: () => number;
  /** By how much whatever was due has just been late: a call may have waited as long before anybody heard of it. */
  readonly lagMs: () => number;
  /** Makes durable what a call has changed, before it is answered. */
  readonly save: () => Promise<void>;
}

/** `latencyMs`: how long ago the call came, as far as anybody can tell. */
type Method = (params: readonly XmlRpcValue[], latencyMs: () => number) => XmlRpcValue | Promise<XmlRpcValue>;

export async function serveRpc(host: Host, options: RpcOptions): Promise<Listener> {
  const methods = createMethods(options);
  return serveHttp(limitConnections(host, limits), { port: options.port }, async (request, response) => {
    response.on("error", () => undefined);
    const came = host.clock.monotonic();
    const latencyMs = (): number => Math.max(host.clock.monotonic() - came, options.lagMs());
    try {
      await answer(request, response, options.dump, (call) => run(call, methods, latencyMs));
    } catch (error) {
      // The client has gone while it was asked or answered; what its call did stays done, and it may ask again.
      options.log("rpc.aborted", { why: error instanceof Error ? error.message : String(error) });
      response.destroy();
    }
  });
}

function createMethods(options: RpcOptions): ReadonlyMap<string, Method> {
  const { dump, machine, resources, leases, status, dumpState, recentLines, loopAgeMs, save } = options;
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
      async ([rspec = {}], latencyMs) => {
        const rcap = resources.acquire(asRspec(rspec));
        await save().finally(() => resources.answered(rcap, latencyMs()));
        return rcap;
      },
    ],
    [
      "bind",
      async ([slice, rcap]) => {
        if (typeof slice !== "string" || typeof rcap !== "string")
          throw new ResourceError("badRequest", "write bind(slice, rcap)");
        resources.bind(slice, rcap);
        await save();
        return "ok";
      },
    ],
    [
      "lease",
      async ([slice, terms = {}], latencyMs) => {
        const handle = leases.grant(asLeaseRequest(slice, terms));
        await save();
        const answer = leases.answered(handle, latencyMs());
        return {
          lease: answer.lease,
          begin: answer.beginMs / 1000,
          length: answer.lengthMs / 1000,
          minimum: answer.minimumMs / 1000,
          extended_by: answer.extendedByMs / 1000,
        };
      },
    ],
  ]);
}

function methodsThere(methods: Readonly<Record<string, Method | undefined>>): readonly [string, Method][] {
  return Object.entries(methods).flatMap(([name, method]) => (method === undefined ? [] : [[name, method]]));
}

function asRspec(value: XmlRpcValue): Record<string, number> {
  const entries = isStruct(value) ? Object.entries(value) : [["", undefined] as const];
  const numbers = entries.filter((entry): entry is [string, number] => Number.isInteger(entry[1]));
  if (numbers.length < entries.length || entries.length > 100)
    throw new ResourceError("badRequest", "an rspec is a struct of at most 100 integers");
  return Object.fromEntries(numbers);
}

/** Lengths are in seconds, and begins in seconds of PLC's clock. */
const leaseTermsSchema = z.strictObject({
  length: z
    .number()
    .positive()
    .max(366 * 86_400),
  begin: z.number().min(0).max(4e9).optional(),
  request: z.string().min(1).max(100).optional(),
  rspec: z.record(z.string(), z.int().min(0)).optional(),
});

function asLeaseRequest(slice: XmlRpcValue | undefined, terms: XmlRpcValue): LeaseRequest {
  const read = leaseTermsSchema.safeParse(terms);
  if (typeof slice !== "string" || !read.success) {
    throw new ResourceError(
      "badRequest",
      "write lease(slice, {length, begin, request, rspec}): times in seconds; all but the length may be left out",
    );
  }
  const { length, begin, request, rspec } = read.data;
  return {
    slice,
    share: cpuShareOf(rspec ?? standardBoost),
    lengthMs: length * 1000,
    beginMs: begin === undefined ? undefined : begin * 1000,
    request,
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  dump: Dump,
  replyTo: (call: Call) => Promise<Reply>,
): Promise<void> {
  response.setHeader("connection", "close");
  if (request.method !== "POST") return reject(response, 405);
  let text: string;
  try {
    text = await readBody(request as AsyncIterable<Uint8Array>, bodyLimitBytes);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    return reject(response, 413);
  }
  const from = request.socket.remotePort;
  const told = await callFrom(text, async (call) => {
    dump.line("rpc", "call", { from, method: call.method, bytes: text.length });
    return replyTo(call);
  });
  if ("fault" in told && told.fault.code === faultCodes.notWellFormed)
    dump.malformed("rpc", told.fault.message, Buffer.from(text));
  const reply = Buffer.from(encodeReply(told));
  dump.line("rpc", "reply", { from, ...("fault" in told && { fault: told.fault.code }), bytes: reply.length });
  response.writeHead(200, { "content-type": "text/xml", "content-length": reply.length }).end(reply);
}

function reject(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": 0 }).end();
}

async function callFrom(text: string, replyTo: (call: Call) => Promise<Reply>): Promise<Reply> {
  let call: Call;
  try {
    call = decodeCall(text);
  } catch (error) {
    if (!(error instanceof XmlRpcError)) throw error;
    return { fault: { code: faultCodes.notWellFormed, message: error.message } };
  }
  return replyTo(call);
}

async function run(call: Call, methods: ReadonlyMap<string, Method>, latencyMs: () => number): Promise<Reply> {
  const method = methods.get(call.method);
  if (method === undefined)
    return { fault: { code: faultCodes.noSuchMethod, message: `there is no method ${call.method}` } };
  try {
    return { value: [0, await method(call.params, latencyMs)] };
  } catch (error) {
    if (error instanceof ResourceError) return { value: [error.code, error.message] };
    return { fault: { code: faultCodes.internal, message: error instanceof Error ? error.message : String(error) } };
  }
}
