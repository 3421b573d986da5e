import { z } from "zod";
import { size } from "../units.ts";
import { httpFault } from "./contract.ts";
import { headerOf, type HttpReply } from "./message.ts";

/** Of a body whose length nobody has stated, so much more is promised than comes. */
const promisedBytes = 1024 * 1024;

const lies = ["content-length-short", "content-length-long", "chunked", "close"] as const;
type Lie = (typeof lies)[number];

export const truncate = httpFault({
  plane: "http",
  kind: "http.truncate",
  about:
    "A reply's body is cut, or its end is told wrong; what that looks like is up to the framing. With `close` a client can't tell that something is missing.",
  source: "RFC 9112, sections 6 and 8; replies cut at PLC, 2005",
  example: "{ after: 10kB, framing: close }",
  pulse: false,
  parameters: z.strictObject({
    after: size.meta({ description: "how many bytes of the body", strengths: ["1MiB", "1B"] }),
    framing: z.enum(lies, `write one of ${lies.join(", ")}`).meta({
      description:
        "content-length-short: that many are stated, and the whole body comes, so that its rest is taken for the next reply; content-length-long: more is stated than comes before the connection ends; chunked: cut, without the last chunk; close: cut, and the end of the connection is the end of the body",
    }),
  }),
  start: () => ({}),
  after(reply, { method }, _state, { after, framing }) {
    const length = lengthOf(reply);
    if (method === "HEAD" || reply.status === 204 || reply.status === 304) return undefined;
    if (length !== undefined && length <= after) return undefined;
    return { type: "reply", reply: cut(reply, framing, after, length) };
  },
});

function lengthOf({ headers, body }: HttpReply): number | undefined {
  const stated = headerOf(headers, "content-length");
  return body?.length ?? (stated === undefined ? undefined : Number(stated));
}

function cut(reply: HttpReply, framing: Lie, after: number, length: number | undefined): HttpReply {
  switch (framing) {
    case "content-length-short":
      return { ...reply, framing: { type: "content-length", bytes: after } };
    case "content-length-long":
      return { ...reply, framing: { type: "content-length", bytes: length ?? after + promisedBytes }, cut: after };
    case "chunked":
      return { ...reply, framing: { type: "chunked", terminated: false }, cut: after };
    case "close":
      return { ...reply, framing: { type: "close" }, cut: after };
    default:
      return framing satisfies never;
  }
}
