import { z } from "zod";
import { count, duration, size } from "../units.ts";
import { tcpFault, type TcpContext, type Visit } from "./contract.ts";

const ways = ["scan", "garbage", "endless-body", "slow-loris", "half-open"] as const;
type Way = (typeof ways)[number];
const mostGarbage = 64 * 1024;

export const intruder = tcpFault({
  plane: "tcp",
  kind: "tcp.intruder",
  about:
    "Somebody who has no business there connects to the link's server, again and again, beside the link's client: to see who is there and be gone (scan), with bytes that mean nothing (garbage), with a request whose body never ends (endless-body), or whose head does not, a line at a time (slow-loris), or to say nothing and stay, as a peer that has vanished without a word (half-open). A hit is a connection that the server has accepted. It makes connections of its own, so that no key chooses among them.",
  source: "RFC 9293, 3.5.1 (half-open connections); Muir 2004, 3.7",
  example: "{ what: slow-loris, most: 20 }",
  pulse: false,
  direction: "upstream",
  only: "upstream",
  parameters: z.strictObject({
    what: z
      .enum(ways, "write scan, garbage, endless-body, slow-loris or half-open")
      .meta({ description: "what it does with a connection", examples: [...ways] }),
    gap: duration
      .refine((milliseconds) => milliseconds >= 1, "write a time of 1ms or more")
      .prefault("100ms")
      .meta({ description: "from one connection to the next", strengths: ["5s", "10ms"] }),
    times: count(1, 100_000).prefault(1000).meta({ description: "how many connections it makes at most" }),
    most: count(1, 1000)
      .prefault(10)
      .meta({ description: "how many it has at a time; one more waits", strengths: [1, 100] }),
    bytes: size
      .refine((bytes) => bytes <= mostGarbage, "write a size up to 64KiB")
      .prefault("1KiB")
      .meta({
        description: "how much garbage it sends on a connection, or how much of an endless body at a time",
        strengths: ["1B", "64KiB"],
      }),
    pace: duration
      .refine((milliseconds) => milliseconds >= 1, "write a time of 1ms or more")
      .prefault("1s")
      .meta({ description: "from one line of an endless request, or one piece of its body, to the next" }),
  }),
  start: () => ({}),
  map: (item) => item,
  visit(n, { what, gap, times, most, bytes, pace }, draw) {
    if (n > times) return undefined;
    return { after: gap, most, ...doing(what, n, { bytes, pace }, draw) };
  },
});

function doing(
  what: Way,
  n: number,
  { bytes, pace }: { readonly bytes: number; readonly pace: number },
  draw: TcpContext["draw"],
): Pick<Visit, "says" | "end"> {
  switch (what) {
    case "scan":
      return { says: [], end: draw("reset", n) < 0.5 ? "reset" : "close" };
    case "garbage":
      return { says: [{ after: 0, bytes: garbage(n, bytes, draw) }], end: "close" };
    case "endless-body":
      return { says: endlessBody(n, bytes, pace, draw), end: "stay" };
    case "slow-loris":
      return { says: endlessRequest(pace), end: "stay" };
    case "half-open":
      return { says: [], end: "stay" };
  }
}

function garbage(n: number, length: number, draw: TcpContext["draw"]): Uint8Array {
  return Uint8Array.from({ length }, (_, position) => Math.floor(draw(`garbage.${n}`, position) * 256));
}

type Said = Visit["says"] extends Iterable<infer Each> ? Each : never;

function* endlessBody(n: number, length: number, pace: number, draw: TcpContext["draw"]): Generator<Said> {
  yield { after: 0, bytes: Buffer.from(`POST / HTTP/1.1\r\nHost: intruder\r\nContent-Length: ${2 ** 40}\r\n\r\n`) };
  const piece = garbage(n, length, draw);
  for (;;) yield { after: pace, bytes: piece };
}

function* endlessRequest(pace: number): Generator<Said> {
  yield { after: 0, bytes: Buffer.from("GET / HTTP/1.1\r\nHost: intruder\r\n") };
  for (let line = 1; ; line += 1) yield { after: pace, bytes: Buffer.from(`X-${line}: more\r\n`) };
}
