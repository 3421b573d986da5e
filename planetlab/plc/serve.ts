/**
 * PLC's door: HTTPS, with answers written in pieces as a server on a slow link writes them.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Host, Listener, TlsVersion } from "../../host/host.ts";
import { serveHttp } from "../../host/http.ts";
import { BodyError, readBody } from "../body.ts";
import { limitConnections } from "../limits.ts";
import { httpDate } from "./date.ts";
import type { Reply } from "./disturbances.ts";
import type { Plc } from "./publish.ts";
import { answer } from "./routes.ts";

/**
 * How the end of a document is told. `content-length` and `chunked`: a document that was cut is an error of HTTP. `close`, as many servers of 2004 did:
 * the end of the connection is the end of the document, and a cut by FIN can't be seen.
 */
export const framings = ["content-length", "chunked", "close"] as const;
export type Framing = (typeof framings)[number];

/** One TLS record a piece, and a TCP segment each: what has arrived of a document that drips in can be read. */
const pieceBytes = 1200;
const limits = { connections: 256, lifetimeMs: 24 * 3_600_000 };
const longestCall = 4 * 1024 * 1024;

export interface ServeOptions {
  readonly port: number;
  readonly tls: boolean;
  readonly oldestTls: TlsVersion;
  readonly framing: Framing;
}

export async function servePlc(plc: Plc, options: ServeOptions): Promise<Listener> {
  const { host, disturbances } = plc;
  const crowd = countCrowd(host);
  return serveHttp(
    limitConnections(host, limits),
    { port: options.port, tls: options.tls, oldestTls: options.oldestTls },
    async (request, response) => {
      response.on("error", () => undefined);
      response.setHeader("connection", "close");
      const url = URL.parse(request.url ?? "", "https://plc.test");
      if (url === null) return void response.writeHead(400).end();
      const node = /^\d{1,9}$/.exec(url.searchParams.get("node") ?? url.searchParams.get("node_id") ?? "")?.[0];
      host.log("plc.request", {
        path: url.pathname.slice(0, 200),
        ...(node !== undefined && { node: Number(node) }),
        within_second: crowd(),
      });
      const body = (): Promise<string> => readBody(request as AsyncIterable<Uint8Array>, longestCall);
      try {
        const { reply, what, node: who } = await answer({ method: request.method ?? "GET", url, body }, plc);
        const told = disturbances.reply(reply, { what, node: who });
        response.setHeader("date", httpDate(disturbances.wall(host.clock.wall())));
        const path = url.pathname;
        if (told.status !== 200) response.writeHead(told.status, { "content-length": 0 }).end();
        else if (await send(request, response, told, options.framing))
          host.log("plc.served", { path, bytes: told.body.length });
        else host.log("plc.cut", { path });
      } catch (error) {
        // Whoever asks went away, or goes on for ever.
        if (!(error instanceof BodyError) && !request.destroyed) throw error;
        response.destroy();
      }
    },
  );
}

/** Counts one more, and says how many have come within the last second. */
function countCrowd({ clock }: Host): () => number {
  let times: readonly number[] = [];
  return () => {
    const now = clock.monotonic();
    times = [...times.filter((time) => now - time < 1000), now];
    return times.length;
  };
}

/** False if the client went away before it had all. */
async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { body, length, type }: Reply,
  framing: Framing,
): Promise<boolean> {
  const gone = new AbortController();
  request.socket.once("close", () => gone.abort());
  if (request.socket.destroyed) gone.abort();
  response.setHeader("content-type", type);
  if (framing === "content-length") response.setHeader("content-length", length);
  // Without either header Node ends the connection after the body, and nothing else tells its end.
  if (framing === "close") response.removeHeader("transfer-encoding");
  // A client reads no more than it was promised.
  const promised = framing === "content-length" ? body.subarray(0, length) : body;
  try {
    for (let offset = 0; offset < promised.length; offset += pieceBytes) {
      await written(response, promised.subarray(offset, offset + pieceBytes), gone.signal);
    }
    response.end();
    await once(response, "finish", { signal: gone.signal });
    return true;
  } catch {
    response.destroy();
    return false;
  }
}

/** Resolves when the piece has left the process, so that no more than one is held and each is a write of its own. */
async function written(response: ServerResponse, piece: Uint8Array, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(new Error("the client has gone"));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  response.write(piece, (error) => (error ? reject(error) : resolve()));
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
