/**
 * The Node Manager's XML-RPC server. Each call is answered `[0, value]`, or `[code, message]` if it is refused.
 *
 *     TCP, Unix socket ──► door (deadlines, places) ──► body ──► methods ──► reply
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Host, ListenOptions, Log, Socket } from "../../host/host.ts";
import { serveHttp } from "../../host/http.ts";
import { BodyError, readBody } from "../body.ts";
import { createIntrospection, type Introspect } from "../introspection.ts";
import { decodeCall, encodeReply, faultCodes, XmlRpcError, type Call, type Reply } from "../xml-rpc.ts";
import type { Config, SocketConfig } from "./config.ts";
import { createDoor, type Door } from "./door.ts";
import { peerOf } from "./dump-network.ts";
import type { Dump } from "./dump.ts";
import { createMethods, helpsOf, type Method, type MethodOptions } from "./methods.ts";
import { ResourceError } from "./resources.ts";

const longestBody = 256 * 1024;

export interface RpcOptions extends MethodOptions {
  readonly log: Log;
  /** By how much whatever was due has just been late: a call may have waited as long before anybody heard of it. */
  readonly lagMs: () => number;
}

export interface Rpc extends AsyncDisposable {
  report(): ReturnType<Door["report"]>;
}

export async function serveRpc(
  host: Host,
  config: Pick<Config, "guards" | "port" | "address" | "socket" | "rpcDeadlineMs" | "rpcConnections">,
  options: RpcOptions,
): Promise<Rpc> {
  const { guards } = config;
  const methods = createMethods(options);
  const introspection = createIntrospection(helpsOf(methods));
  const door = createDoor(host.clock, config, options.log);
  const bodyLimit = guards.has("body-limit") ? longestBody : Infinity;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const came = host.clock.monotonic();
    const latencyMs = (): number => Math.max(host.clock.monotonic() - came, options.lagMs());
    await answer(
      { request, response, door, bodyLimit, dump: options.dump },
      async (call) => introspected(call, introspection) ?? run(call, methods, latencyMs),
    );
  };
  const serveContained = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      await serve(request, response);
    } catch (error) {
      // The client has gone while it was asked or answered; what its call did stays done, and it may ask again.
      door.complain(request.socket, error instanceof Error ? error.message : String(error));
      response.destroy();
    }
  };
  const handler = guards.has("contain-call-errors") ? serveContained : serve;
  await using doors = new AsyncDisposableStack();
  const open = async (where: ListenOptions): Promise<void> => {
    doors.use(await serveHttp(host, { ...where, onConnection: (socket) => door.enter(socket) }, handler));
  };
  /** One that nobody has asked for is no reason not to be there: somebody may hold the path, or the disk may take no file. */
  const openSocket = async ({ path, required }: SocketConfig): Promise<void> => {
    try {
      await open({ port: 0, socketPath: path });
    } catch (error) {
      if (required) throw error;
      options.log("rpc.no-socket", { path, why: String(error) });
    }
  };
  await open({ port: config.port, host: config.address });
  if (config.socket !== undefined) await openSocket(config.socket);
  const opened = doors.move();
  return { report: () => door.report(), [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly door: Door;
  readonly bodyLimit: number;
  readonly dump: Dump;
}

async function answer(
  { request, response, door, bodyLimit, dump }: Exchange,
  replyTo: (call: Call) => Promise<Reply>,
): Promise<void> {
  const socket: Socket = request.socket;
  const reject = (status: number, why: string): void => {
    door.complain(socket, why);
    response.writeHead(status, { "content-length": 0 }).end();
  };
  response.on("error", () => undefined);
  response.setHeader("connection", "close");
  door.reach(socket, "body");
  if (request.method !== "POST") return reject(405, `a request of ${request.method ?? "no method"}`);
  let text: string;
  try {
    text = await readBody(request as AsyncIterable<Uint8Array>, bodyLimit);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    return reject(413, error.message);
  }
  door.reach(socket, "call");
  const from = peerOf(request.socket);
  const told = await callFrom(text, async (call) => {
    dump.line("rpc", "call", { from, method: call.method, bytes: text.length });
    return replyTo(call);
  });
  if ("fault" in told && told.fault.code === faultCodes.notWellFormed)
    dump.malformed("rpc", told.fault.message, Buffer.from(text));
  const reply = Buffer.from(encodeReply(told));
  dump.line("rpc", "reply", { from, ...("fault" in told && { fault: told.fault.code }), bytes: reply.length });
  door.reach(socket, "reply");
  response.writeHead(200, { "content-type": "text/xml", "content-length": reply.length }).end(reply);
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

/** Undefined: that is not what is asked. */
function introspected(call: Call, introspection: ReadonlyMap<string, Introspect>): Reply | undefined {
  const introspect = introspection.get(call.method);
  if (introspect === undefined) return undefined;
  const value = introspect(call.params);
  if (value !== undefined) return { value };
  return { fault: { code: faultCodes.badParams, message: `write ${call.method}(the name of a method)` } };
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
