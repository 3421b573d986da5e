/**
 * What happened, one line an event, in order: the only thing that a verdict is made from.
 *
 * `at` is milliseconds since the run began, on the harness's monotonic clock. No paths, pids, ports or real dates: those go to `run.json`.
 */
import { z } from "zod";

const at = z.number();
const json = z.unknown();
const details = z.record(z.string(), json);
const ofPacket = { connection: z.number(), packet: z.string() };
const ofMessage = { connection: z.number(), transport: z.enum(["udp", "tcp"]), message: z.string() };
const asked = { connection: z.number(), request: z.number(), method: z.string(), path: z.string() };

export const eventSchema = z.discriminatedUnion("event", [
  z.object({ at, event: z.literal("run.begin"), plan: z.string(), seed: z.number(), world: z.string(), cell: details }),
  z.object({ at, event: z.literal("phase.begin"), phase: z.string() }),
  z.object({
    at,
    event: z.literal("phase.end"),
    phase: z.string(),
    outcome: z.enum(["over", "steady", "condition", "timeout", "aborted"]),
  }),
  z.object({ at, event: z.literal("service.start"), service: z.string() }),
  z.object({ at, event: z.literal("service.ready"), service: z.string() }),
  /** `ordered`: the harness or a fault ended it; otherwise it ended by itself. */
  z.object({
    at,
    event: z.literal("service.exit"),
    service: z.string(),
    code: z.number().optional(),
    signal: z.string().optional(),
    ordered: z.boolean(),
  }),
  /** How far the service's wall clock is off, in milliseconds: looked at only if an expression reads it. */
  z.object({ at, event: z.literal("clock.offset"), service: z.string(), offset: z.number() }),
  /** What its NTP client does, or makes of what it is told: offsets are what it would add to its clock, in milliseconds. */
  z.object({
    at,
    event: z.literal("timekeeper.acts"),
    service: z.string(),
    what: z.enum(["step", "slew", "spike", "wait", "panic", "no-majority", "rejected", "kiss"]),
    offset: z.number().optional(),
    servers: z.array(z.string()).optional(),
    falsetickers: z.array(z.string()).optional(),
    server: z.string().optional(),
    why: z.string().optional(),
  }),
  /** A line of output: `fields` if it was a JSON object with an `event`, else `line`. Cut at 64 KiB. */
  z.object({
    at,
    event: z.literal("service.log"),
    service: z.string(),
    stream: z.enum(["out", "err"]),
    line: z.string().optional(),
    fields: details.optional(),
  }),
  /** `name` is `service.signal` for a subject's signal and the bare name for one of the plan's `observe`. */
  z.object({
    at,
    event: z.literal("probe"),
    name: z.string(),
    ok: z.boolean(),
    value: json.optional(),
    error: z.string().optional(),
  }),
  z.object({ at, event: z.literal("connection.open"), link: z.string(), connection: z.number() }),
  z.object({
    at,
    event: z.literal("connection.close"),
    link: z.string(),
    connection: z.number(),
    upstream: z.number(),
    downstream: z.number(),
    by: z.string(),
    /** Where a fault has led it, as its step says, if not to the link's server. */
    to: z.string().optional(),
  }),
  /** What was asked over a link that has faults of HTTP, and what its client was answered: `request` counts within the connection. */
  z.object({ at, event: z.literal("http.request"), link: z.string(), ...asked }),
  z.object({ at, event: z.literal("http.reply"), link: z.string(), ...asked, status: z.number(), bytes: z.number() }),
  /** The server has said what is no HTTP, for an answer or within one. */
  z.object({ at, event: z.literal("http.unreadable"), link: z.string(), ...asked, reason: z.string() }),
  /**
   * On a link that has faults of TLS, or of what is within: what the client asked for, and what came of it ("passed" if its TLS does not end on the way).
   */
  z.object({
    at,
    event: z.literal("tls.handshake"),
    link: z.string(),
    connection: z.number(),
    servername: z.string().optional(),
    alpn: z.array(z.string()),
    terminated: z.boolean(),
    outcome: z.string(),
  }),
  /** What was asked and answered over a link of proto dns: `message` is all of it in one line (proxies/dns/wire/dump.ts), as the client sent it and got it. */
  z.object({ at, event: z.literal("dns.query"), link: z.string(), ...ofMessage }),
  z.object({
    at,
    event: z.literal("dns.reply"),
    link: z.string(),
    ...ofMessage,
    /** Of another port, or another address, than the one that was asked. */
    source: z.enum(["port", "address"]).optional(),
    /** Over TCP: what the two bytes in front of it say, if it is not how long it is. */
    length: z.number().optional(),
  }),
  /** What was asked and answered over a link of proto ntp: `packet` is all of it in one line (proxies/ntp/wire/dump.ts), as the client sent it and got it. */
  z.object({ at, event: z.literal("ntp.request"), link: z.string(), ...ofPacket, request: z.number() }),
  z.object({
    at,
    event: z.literal("ntp.reply"),
    link: z.string(),
    ...ofPacket,
    /** Missing if nobody has asked for it. */
    request: z.number().optional(),
    fromElsewhere: z.literal(true).optional(),
  }),
  /** Without any fault, for want of a flow, of room or of a server: what a relay of datagrams does not pass on is not lost in silence. */
  z.object({
    at,
    event: z.literal("datagram.lost"),
    link: z.string(),
    connection: z.number().optional(),
    direction: z.enum(["upstream", "downstream"]),
    why: z.string(),
  }),
  /** `late`: how many milliseconds after the promised time. */
  z.object({
    at,
    event: z.literal("fault.inject"),
    step: z.string(),
    occurrence: z.number(),
    kind: z.string(),
    where: z.array(z.string()),
    parameters: details,
    late: z.number(),
  }),
  z.object({
    at,
    event: z.literal("fault.hit"),
    step: z.string(),
    occurrence: z.number(),
    where: z.string(),
    detail: details,
  }),
  z.object({ at, event: z.literal("fault.lift"), step: z.string(), occurrence: z.number() }),
  /** The harness could not do what the plan says: the verdict is `unknown` (or `fail` where an expectation broke before). */
  z.object({ at, event: z.literal("run.trouble"), reason: z.string(), log: z.array(z.string()).optional() }),
  /** The harness itself stood still, for this many milliseconds before now: it was stopped, or had no CPU. */
  z.object({ at, event: z.literal("run.late"), by: z.number() }),
  /** A condition of the plan's `abort` became true. */
  z.object({ at, event: z.literal("run.abort"), reason: z.string() }),
  z.object({ at, event: z.literal("run.end") }),
]);

export type HistoryEvent = z.output<typeof eventSchema>;
type Unstamped<E> = E extends unknown ? Omit<E, "at"> : never;
/** An event as its maker sees it; the history stamps it. */
export type Happening = Unstamped<HistoryEvent>;
/** `at`: when it was, on the monotonic clock of the world, if it is told of later than it was. */
export type RecordEvent = (happening: Happening, at?: number) => void;
