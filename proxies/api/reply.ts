/** Replies of the API, as plain data, and the shape of the routes that make them. */
import type { Host } from "../../host/host.ts";
import type { ApiError } from "./errors.ts";
import type { Events } from "./events.ts";
import { renderError } from "./render.ts";
import type { ProxyTable } from "./table.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Instead of an end: what is written from then on, until its client is gone. */
  readonly follow?: (write: (text: string) => void) => Disposable;
}

/** What routes act on. */
export interface Subject {
  readonly host: Host;
  readonly table: ProxyTable;
  readonly events: Events;
  readonly metrics: () => string;
  /** The certificate of the authority that makes those which proxies show: PEM. */
  readonly authority: () => Promise<string>;
}

export interface Asked {
  /** Out of the path. */
  readonly names: readonly string[];
  readonly body: string;
  /** Header `Last-Event-ID`. */
  readonly lastEventId: string | undefined;
}

export type Handler = (subject: Subject, asked: Asked) => Reply | Promise<Reply>;

export interface Route {
  /** A word in capital letters stands for a name. */
  readonly path: string;
  /** By method; `*` is any. */
  readonly methods: Readonly<Record<string, Handler>>;
  readonly withMetrics?: true;
  /** The reply to a method that it has not; by default an empty one. */
  readonly otherwise?: (method: string) => Reply;
  readonly failure: (error: ApiError) => Reply;
}

export function json(status: number, body: string): Reply {
  return { status, headers: { "Content-Type": "application/json" }, body };
}

export function empty(status: number): Reply {
  return { status, headers: {}, body: "" };
}

/** As Go's `http.Error` has it. */
export function plain(status: number, body: string): Reply {
  const headers = { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" };
  return { status, headers, body };
}

export function failure({ status, message }: ApiError): Reply {
  return plain(status, `${renderError(status, message)}\n`);
}
