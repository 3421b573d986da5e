/** What a gate can be asked for: the words that the harness and its gate share. Times are the gate's own, on its monotonic clock. */
import { z } from "zod";
import { directions } from "../../../faults/direction.ts";
import { recipients, signals } from "../../../faults/process/contract.ts";
import { waysToBeTurnedAway } from "../../../proxies/tcp/door.ts";
import { innerProxies } from "../../../proxies/chain/planes.ts";
import { carriers } from "../transport.ts";
import { eventSchema } from "../../history/event.ts";
import { timekeeperDuty } from "../timekeeper.ts";

const service = z.string();
const empty = z.null();
const address = z.strictObject({ host: z.string(), port: z.number() });
const chance = z.strictObject({ seed: z.number(), path: z.array(z.union([z.string(), z.number()])) });
const file = z.strictObject({ path: z.string(), bytes: z.base64() });
const on = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject({ service, ...shape });

/** Operation → what it is given. */
export const inputs = {
  clock: empty,
  /** Takes addresses for its proxies, each beside one that it has. */
  "addresses.take": z.array(z.strictObject({ beside: z.string(), address: z.string() })),
  /** Lasts: whoever asks at one of these addresses for a name hears that there is none. */
  "names.refuse": z.array(z.string()),
  /** Lasts; tells `toldByLink`. Its value is the address that it listens on. */
  "link.start": z.strictObject({
    name: z.string(),
    carrier: z.enum(carriers),
    inner: z.array(z.enum(innerProxies)),
    listen: address,
    elsewhere: z.string(),
    server: address,
    names: z.array(z.string()),
  }),
  /** For the certificates that its proxies show: PEM, of the run's authority. */
  "authority.lend": z.strictObject({ certificate: z.string(), key: z.string() }),
  /** Lasts; what comes is passed on as it is. */
  "port.open": z.strictObject({ listen: address, server: address }),
  /** Lasts; tells `toldOfHit`. */
  "link.inject": z.strictObject({
    name: z.string(),
    kind: z.string(),
    parameters: z.record(z.string(), z.unknown()),
    match: z.record(z.string(), z.unknown()),
    chance,
  }),
  "link.turned-away": z.strictObject({ name: z.string(), how: z.enum(waysToBeTurnedAway) }),
  /** Makes its directories ready for its first start; `owner`: whose they shall be, if not root's. */
  "service.prepare": on({
    owner: z.number(),
    files: z.array(file),
    /** Certificates and the like, which are not in its directory. */
    secrets: z.array(file),
    journalled: z.boolean(),
    remembers: z.boolean(),
  }),
  /** What it asks name servers by. */
  "resolver.write": on({ content: z.string() }),
  /** A life is about to begin, with a seed of its own. */
  "service.begins": on({ seed: z.number() }),
  /** A life has begun, in the container whose first process this is. Its value is the process id of the service; null if it has ended already. */
  "service.began": on({ pid: z.number() }),
  "service.ready": on({}),
  "service.refused": on({ what: z.enum(["disk", "open-files", "processes"]) }),
  /** Lasts: the virtual clock of the service, before its first life, and its timekeeper. Tells `toldByClock`. */
  "clock.start": on({ timekeeper: timekeeperDuty.nullable() }),
  "clock.error": on({}),
  "clock.wall": on({}),
  "clock.step": on({ wall: z.number(), boottime: z.number().optional() }),
  "clock.pace": on({ rate: z.number(), wall: z.number() }),
  "clock.others": on({ ahead: z.number() }),
  /** Tells of `id` once somebody has looked at what is in force now. */
  "clock.watch": on({ id: z.number(), at: z.enum(["wall", "any"]), by: z.enum(["anybody", "others"]) }),
  /** Its value is whether any process has ever looked. */
  "clock.seen": on({}),
  /** If it has one, and unless it runs. */
  "timekeeper.start": on({}),
  /** Hold; tells of each question that is not asked. Null: it asks none. */
  "timekeeper.starve": on({ every: z.number().nullable() }),
  "process.signal": on({ signal: z.enum(signals), to: z.enum(recipients) }),
  /** This and what follows with `.hold` in its comment lasts; the value is whether there was anything to act on. Hold. */
  "process.pause": on({ to: z.enum(recipients) }),
  "disk.files": on({}),
  /** Its value is base64, or null. */
  "disk.read": on({ path: z.string() }),
  "disk.put": on({ path: z.string(), bytes: z.base64() }),
  "disk.delete": on({ path: z.string() }),
  "disk.rename": on({ path: z.string(), to: z.string() }),
  "disk.previous": on({ path: z.string() }),
  /** Hold; tells of each refusal. */
  "disk.refuse": on({ code: z.enum(["ENOSPC", "EROFS"]) }),
  /** Lasts: every volume of an image is full. */
  "disk.fill": on({ volumes: z.array(z.string()) }),
  "disk.lose-power": on({ chance }),
  /** Hold. */
  "cpu.freeze": on({}),
  /** Hold; tells of each refusal. */
  "limits.limit": on({ what: z.enum(["open-files", "processes"]), to: z.number() }),
  /** How many bytes its container uses, or null. */
  "memory.used": on({}),
  /** Hold; tells of each process of it that the kernel has killed for its memory. */
  "memory.watch": on({}),
  /** Whether the kernel has just done that, after a life of it was killed. */
  "memory.killed": on({}),
  /** Lasts; tells once how many packets it has met. `gate`: the gate's own address in the service's network. */
  "packets.befall": z.strictObject({
    gate: z.string(),
    service,
    what: z.enum(["cut", "loss", "duplicate", "corrupt"]),
    probability: z.number(),
    direction: z.enum(directions),
  }),
} as const;

export type OperationName = keyof typeof inputs;
export type Input<Name extends OperationName> = z.input<(typeof inputs)[Name]>;

/** An event of the history, `at` the gate's time. */
export const toldByLink = eventSchema;
export const toldOfHit = z.strictObject({ at: z.number(), detail: z.record(z.string(), z.unknown()) });
export const toldAddress = address;
/** What was watched for has been seen, or the timekeeper has something for the history. */
export const toldByClock = z.union([z.strictObject({ seen: z.number() }), eventSchema]);
export type ToldByClock = z.input<typeof toldByClock>;
export const toldPackets = z.number();
