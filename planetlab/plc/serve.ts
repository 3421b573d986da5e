/**
 * PLC's door: the documents over HTTPS, written in pieces as a server on a slow link writes them.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Host, Listener } from "../../host/host.ts";
import { serveHttp } from "../../host/http.ts";
import { limitConnections } from "../limits.ts";
import type { Data } from "./data.ts";
import { legacyDocument, versionedDocument } from "./document.ts";

/**
 * How the end of a document is told. `content-length` and `chunked`: a document that was cut is an error of HTTP. `close`, as many servers of 2004 did:
 * the end of the connection is the end of the document, and a cut by FIN can't be seen.
 */
export const framings = ["content-length", "chunked", "close"] as const;
export type Framing = (typeof framings)[number];

/** One TLS record a piece, and a TCP segment each: what has arrived of a document that drips in can be read. */
const pieceBytes = 1200;
const limits = { connections: 256, lifetimeMs: 24 * 3_600_000 };

export interface ServeOptions {
  readonly port: number;
  readonly tls: boolean;
  readonly framing: Framing;
}

export async function servePlc(host: Host, data: Data, options: ServeOptions): Promise<Listener> {
  return serveHttp(
    limitConnections(host, limits),
    { port: options.port, tls: options.tls },
    async (request, response) => {
      response.on("error", () => undefined);
      const url = URL.parse(request.url ?? "", "https://plc.test");
      const path = url?.pathname ?? "";
      const node = numericId(url?.searchParams.get("node"));
      host.log("plc.request", { path: path.slice(0, 200), ...(node !== undefined && { node }) });
      const render = documents.get(path);
      response.setHeader("connection", "close");
      if (request.method !== "GET" || render === undefined) {
        response.writeHead(render === undefined ? 404 : 405, { "content-length": 0 }).end();
        return;
      }
      const document = Buffer.from(render(data, { timestampSeconds: Math.floor(host.clock.wall() / 1000), node }));
      if (await send(request, response, document, options.framing))
        host.log("plc.served", { path, bytes: document.length });
      else host.log("plc.cut", { path });
    },
  );
}

const documents = new Map([
  ["/xml/slices.xml", versionedDocument],
  ["/xml/slices-0.5.xml", legacyDocument],
]);

/** False if the client went away before it had all. */
async function send(
  request: IncomingMessage,
  response: ServerResponse,
  document: Buffer,
  framing: Framing,
): Promise<boolean> {
  const gone = new AbortController();
  request.socket.once("close", () => gone.abort());
  response.setHeader("content-type", "text/xml; charset=utf-8");
  if (framing === "content-length") response.setHeader("content-length", document.length);
  // Without either header Node ends the connection after the body, and nothing else tells its end.
  if (framing === "close") response.removeHeader("transfer-encoding");
  try {
    for (let offset = 0; offset < document.length; offset += pieceBytes) {
      await written(response, document.subarray(offset, offset + pieceBytes), gone.signal);
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

function numericId(text: string | null | undefined): number | undefined {
  return text !== null && text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
