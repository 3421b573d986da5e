/**
 * A request on its way to the server, by http-proxy: the only file that knows it. It sends the request over Node's own client, and the reply is taken
 * from there as it comes in. What it hides or would change is ours: interim replies, trailers, upgrades, the spelling of headers and methods, `//` in
 * paths, and bodies of methods that it thinks have none.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import util from "node:util";
import type HttpProxy from "http-proxy";
import type { Headers, HttpRequest, Interim } from "../../faults/http/message.ts";
import { headerOf, withoutHeader } from "../../faults/http/message.ts";
import type { Socket } from "../../host/host.ts";
import { headersOf } from "./raw-headers.ts";
import { ClientLost } from "./reader.ts";

export interface Forwarding {
  readonly request: HttpRequest;
  readonly body: Readable;
  /** Asked when the body has ended. */
  readonly trailers: () => Headers;
  /** To the server, and free for this request. */
  readonly socket: Socket;
  readonly onInterim: (interim: Interim) => void;
  /** The server has been sent all of it. */
  readonly onSent?: () => void;
  /** What the server says is no HTTP, or none any more. */
  readonly onUnreadable?: (reason: string) => void;
}

export type Outcome =
  | {
      readonly type: "reply";
      readonly message: IncomingMessage;
      /** Resolves when the socket is free for another request, or gone. */
      readonly released: Promise<void>;
    }
  /** The connection speaks something else from now on; `rest` is the beginning of it. */
  | { readonly type: "switched"; readonly message: IncomingMessage; readonly rest: Buffer }
  /** No reply, or what is none. */
  | { readonly type: "lost" };

/** A server that floods its client with headers is passed on. */
const maxHeaderSize = 256 * 1024;

/** Not imported: it would take, from Node, a function that copies objects and is deprecated, and everybody who runs a plan would be told. */
function load(): typeof HttpProxy {
  const deprecated = Object.getOwnPropertyDescriptor(util, "_extend");
  Object.defineProperty(util, "_extend", { ...deprecated, value: Object.assign });
  try {
    return createRequire(import.meta.url)("http-proxy") as typeof HttpProxy;
  } finally {
    if (deprecated !== undefined) Object.defineProperty(util, "_extend", deprecated);
  }
}

const httpProxy = load();

export interface Forwarder {
  /** Never rejects. */
  forward(forwarding: Forwarding): Promise<Outcome>;
}

export function createForwarder(): Forwarder {
  const proxy = httpProxy.createProxyServer();
  // Its other steps guess lengths, set Node's timeouts and tell the server that there is a proxy.
  const passes = proxy as unknown as { webPasses: readonly { readonly name: string }[] };
  passes.webPasses = passes.webPasses.filter(({ name }) => name === "stream");

  return {
    async forward({ request, body, trailers, socket, onInterim, onSent = () => {}, onUnreadable = () => {} }) {
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      const released = Promise.withResolvers<void>();
      const { method, target, headers } = request;
      const expectation = headerOf(headers, "expect");
      const hasBody = headerOf(headers, "content-length") !== undefined || isCoded(headers);

      /** Node's client gets the connection from here, and shows us the request that it is about to send. */
      const agent = {
        keepAlive: true,
        protocol: "http:",
        addRequest(outgoing: ClientRequest) {
          outgoing.method = method;
          outgoing.path = target;
          // Given with the others, it would be sent before we could correct the path.
          if (expectation !== undefined) outgoing.setHeader("Expect", expectation);
          if (!hasBody) outgoing.useChunkedEncodingByDefault = false;
          outgoing.on("information", ({ statusCode, statusMessage, rawHeaders }) =>
            onInterim({ status: statusCode, reason: statusMessage, headers: headersOf(rawHeaders) }),
          );
          for (const event of ["upgrade", "connect"] as const)
            outgoing.once(event, (message: IncomingMessage, _socket: unknown, rest: Buffer) =>
              resolve({ type: "switched", message, rest }),
            );
          outgoing.once("response", (message: IncomingMessage) =>
            resolve({ type: "reply", message, released: released.promise }),
          );
          outgoing.once("finish", onSent);
          outgoing.once("close", () => {
            released.resolve();
            resolve({ type: "lost" });
          });
          body.once("end", () => {
            const last = trailers();
            if (last.length > 0 && isCoded(headers))
              outgoing.addTrailers(last.map(([name, value]): [string, string] => [name, value]));
          });
          outgoing.onSocket(socket as Parameters<ClientRequest["onSocket"]>[0]);
          // The head goes ahead of a body that may take its time. `flushHeaders` would write bytes above 127 as UTF-8.
          if (hasBody) outgoing.write("", "latin1");
        },
      };
      const incoming = Object.assign(body, {
        method,
        url: target,
        headers: asRecord(withoutHeader(headers, "expect")),
        socket,
      });
      const nobody = { headersSent: false, finished: false };
      proxy.web(
        incoming as unknown as IncomingMessage,
        nobody as unknown as Parameters<typeof proxy.web>[1],
        {
          target: { protocol: "http:", host: "server", port: "80" },
          agent,
          toProxy: true,
          selfHandleResponse: true,
          ssl: { setHost: false, maxHeaderSize },
        },
        (error) => {
          if (isOfParser(error)) onUnreadable(error.message);
          // The server may still have something to say to a client that has ended in the middle.
          if (error instanceof ClientLost) socket.end();
          else resolve({ type: "lost" });
        },
      );
      return promise;
    },
  };
}

/** Node's parser gives its own codes, HPE_INVALID_CONSTANT and so on. */
function isOfParser(error: NodeJS.ErrnoException): boolean {
  return error.code?.startsWith("HPE_") === true;
}

function isCoded(headers: Headers): boolean {
  return headerOf(headers, "transfer-encoding") !== undefined;
}

/** Several lines of one name stay several lines. */
function asRecord(headers: Headers): Readonly<Record<string, string | string[]>> {
  const byName = Map.groupBy(headers, ([name]) => name.toLowerCase());
  return Object.fromEntries(
    [...byName.values()].map((lines) => {
      const values = lines.map(([, value]) => value);
      return [lines[0]?.[0] ?? "", values.length === 1 ? (values[0] ?? "") : values];
    }),
  );
}
