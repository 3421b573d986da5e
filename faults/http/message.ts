/** Requests and replies as faults see them: heads as they were written, and bodies only where somebody has asked for them. */

/** In their order, with the names as they were written. */
export type Headers = readonly (readonly [name: string, value: string])[];

export interface HttpRequest {
  readonly method: string;
  /** As it stands in the request line: mostly a path with its query. */
  readonly target: string;
  readonly version: "1.0" | "1.1";
  readonly headers: Headers;
  /** All of it, if a fault has asked for whole requests and it fits; else it passes as it comes. */
  readonly body?: Uint8Array;
}

export interface HttpReply {
  readonly status: number;
  readonly reason: string;
  readonly headers: Headers;
  /** All of it, if the fault has asked for whole replies and it fits; else it passes as it comes. */
  readonly body?: Uint8Array;
  /** Behind a whole body that comes in chunks. */
  readonly trailers?: Headers;
  /** How its end is told; unless stated, as the headers say. A `content-length` in the headers is made to fit a body that is given. */
  readonly framing?: Framing;
  /** The headers go out as they are, whatever they say of the body. */
  readonly verbatim?: true;
  /** Of the body, so many bytes are sent, and then the connection is ended politely. */
  readonly cut?: number;
  /** At how many bytes per second the body is sent. */
  readonly pace?: number;
  /** Interim replies (1xx) that go ahead of it. */
  readonly interim?: readonly Interim[];
}

export type Interim = Pick<HttpReply, "status" | "reason" | "headers">;

/**
 * What the client is told of the body's end (RFC 9112, section 6), be it true or not. Where it was told of more than came, and where only the end of
 * the connection can tell, the connection is ended behind it.
 */
export type Framing =
  | { readonly type: "content-length"; readonly bytes: number }
  | { readonly type: "chunked"; readonly terminated: boolean }
  | { readonly type: "close" };

/** The first of that name, in any case; undefined if there is none. */
export function headerOf(headers: Headers, name: string): string | undefined {
  return headers.find(([other]) => isNamed(other, name))?.[1];
}

export function withoutHeader(headers: Headers, name: string): Headers {
  return headers.filter(([other]) => !isNamed(other, name));
}

/** The only one of that name, in the place of the first. */
export function withHeader(headers: Headers, name: string, value: string): Headers {
  const at = headers.findIndex(([other]) => isNamed(other, name));
  if (at < 0) return [...headers, [name, value]];
  return headers.flatMap((header, index): Headers => {
    if (index === at) return [[header[0], value]];
    return isNamed(header[0], name) ? [] : [header];
  });
}

function isNamed(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase();
}
