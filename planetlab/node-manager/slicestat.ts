/**
 * SliceStat: `GET /slicestat` answers a line of 15 columns for each slice (codeen.cs.princeton.edu/slicestat).
 *
 *     name, context id, CPU %, memory %, physical KB, virtual KB, processes, kbit/s sent in 1, 5, 15 min, received in 1, 5, 15 min, node's IP, active processes
 *
 * What is sent and received is payload of TCP (traffic.ts).
 *
 * The request header `max-age: 5` accepts a snapshot that is up to five seconds old.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Host, Listener } from "../../host/host.ts";
import { serveHttp } from "../../host/http.ts";
import { limitConnections } from "../limits.ts";
import type { Accounts, SliceUsage } from "./accounts.ts";
import { peerOf } from "./dump-network.ts";
import type { Dump } from "./dump.ts";

const limits = { connections: 128, lifetimeMs: 30_000 };
const longestAgeSeconds = 86_400;

export interface SliceStatOptions {
  readonly port: number;
  readonly accounts: Accounts;
  readonly dump: Dump;
  /** PLC's number of a slice, which is its context id. */
  readonly idOf: (slice: string) => number;
}

export async function serveSliceStat(host: Host, { port, accounts, dump, idOf }: SliceStatOptions): Promise<Listener> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== "GET") return refuse(response, 405);
    if (request.url !== "/slicestat") return refuse(response, 404);
    dump.line("slicestat", "query", { from: peerOf(request.socket) });
    const { at, slices } = await accounts.snapshot(maxAgeSecondsOf(request) * 1000);
    const address = request.socket.localAddress?.replace(/^::ffff:/, "") ?? "0.0.0.0";
    const text = slices.map((slice) => lineOf(slice, idOf(slice.name), address)).join("");
    response
      .writeHead(200, {
        "content-type": "text/plain",
        "content-length": Buffer.byteLength(text),
        age: String(Math.max(0, Math.floor((host.clock.monotonic() - at) / 1000))),
        connection: "close",
      })
      .end(text);
  };
  return serveHttp(limitConnections(host, limits), { port }, async (request, response) => {
    response.on("error", () => undefined);
    await answer(request, response).catch(() => response.destroy());
  });
}

/** As it was in the field: a header of its own, though Cache-Control has the directive. */
function maxAgeSecondsOf({ headers }: IncomingMessage): number {
  const text = String(headers["max-age"] ?? "");
  return /^\d{1,6}$/.test(text) ? Math.min(Number(text), longestAgeSeconds) : 0;
}

function lineOf(usage: SliceUsage, id: number, address: string): string {
  const rates = [...usage.traffic.sentKbps, ...usage.traffic.receivedKbps].map((rate) => rate.toFixed(6));
  const columns = [
    usage.name,
    id,
    usage.cpuPercent.toFixed(1),
    usage.memoryPercent.toFixed(1),
    Math.round(usage.residentBytes / 1024),
    Math.round(usage.virtualBytes / 1024),
    usage.processes,
    ...rates,
    address,
    usage.active,
  ];
  return `${columns.join(",")}\n`;
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": 0, connection: "close" }).end();
}
