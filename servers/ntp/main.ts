/**
 * A time server. It tells the time of its host's clock, or that of another server which it asks.
 *
 *     --listen 123             the port
 *     --stratum 1              what it says of itself, as long as it has no upstream: 1 to 15
 *     --reference-id GPS       up to four characters, or an IPv4 address
 *     --precision=-18          2 to the power of it, in seconds
 *     --root-delay 0ms         how far its own source of time is away
 *     --root-dispersion 40ms   how wrong it may be; the clocks of two machines that NTP keeps differ by about as much
 *     --upstream ntp1:123      who is asked; until it has answered, this server is not synchronised
 *     --poll 16s               how often
 */
import {
  clientMode,
  leapUnknown,
  referenceIdOf,
  referenceIdOfAddress,
  serverMode,
  unsynchronisedStratum,
  type NtpPacket,
} from "../../faults/ntp/packet.ts";
import { timestampOf, unknownTime } from "../../faults/ntp/timestamp.ts";
import { aborted } from "../../host/aborted.ts";
import { parseAddress } from "../../host/address.ts";
import { ArgumentError, readFlags, type Flags } from "../../host/arguments.ts";
import type { Host } from "../../host/host.ts";
import { untilStopped } from "../../host/until-stopped.ts";
import { decode, encode } from "../../proxies/ntp/wire/packet.ts";
import { createFineClock } from "../../host/fine-clock.ts";
import { askUpstream, type Known } from "./upstream.ts";

const flagNames = [
  "listen",
  "stratum",
  "reference-id",
  "precision",
  "root-delay",
  "root-dispersion",
  "upstream",
  "poll",
];

export const main = untilStopped(
  (args) => readFlags(args, flagNames),
  async (host, flags, signal) => {
    await using server = await serve(host, flags);
    void server;
    host.log("ready");
    await aborted(signal);
  },
);

/** What it says of itself, whoever asks. */
type Self = Pick<
  NtpPacket,
  "leap" | "stratum" | "precision" | "rootDelayMs" | "rootDispersionMs" | "referenceId" | "reference"
>;

async function serve(host: Host, flags: Flags): Promise<AsyncDisposable> {
  const now = createFineClock(host.clock);
  const own = readSelf(flags);
  await using starting = new AsyncDisposableStack();
  const upstream = flags.given("upstream")
    ? starting.use(
        await askUpstream({
          host,
          now,
          server: addressOf(flags.text("upstream", "")),
          pollMs: flags.duration("poll", "16s"),
        }),
      )
    : undefined;
  const socket = starting.use(
    await host.network.bind({ port: flags.integer("listen", 123, 0, 65_535) }, (bytes, from) => {
      const receivedMs = now();
      const decoded = decode(bytes);
      if (!("packet" in decoded) || decoded.packet.mode !== clientMode) return;
      const { version, poll, transmit } = decoded.packet;
      const offsetMs = upstream?.known()?.offsetMs ?? 0;
      const self =
        upstream === undefined
          ? { ...own, reference: timestampOf(receivedMs) }
          : following(own, upstream.known(), receivedMs + offsetMs);
      const reply: NtpPacket = {
        ...self,
        version,
        mode: serverMode,
        poll,
        origin: transmit,
        receive: timestampOf(receivedMs + offsetMs),
        transmit: timestampOf(now() + offsetMs),
        rest: new Uint8Array(),
      };
      socket.send(encode(reply), from);
    }),
  );
  return starting.move();
}

/** A clock that nobody looks at goes wrong by so much (PHI): 15 µs in a second. */
const wanderPerMs = 15e-6;

/** One stratum behind, and further from the truth with each second in which nobody has said how late it is (RFC 5905, section 11.3 and appendix A.5.6.1). */
function following(own: Self, known: Known | undefined, nowMs: number): Self {
  if (known === undefined || known.packet.stratum + 1 >= unsynchronisedStratum)
    return { ...own, leap: leapUnknown, stratum: unsynchronisedStratum, reference: unknownTime };
  const { packet, delayMs, from, atMs } = known;
  return {
    ...own,
    leap: packet.leap,
    stratum: packet.stratum + 1,
    rootDelayMs: packet.rootDelayMs + delayMs,
    rootDispersionMs: packet.rootDispersionMs + own.rootDispersionMs + wanderPerMs * Math.max(0, nowMs - atMs),
    referenceId: referenceIdOfAddress(from.host) ?? own.referenceId,
    reference: timestampOf(atMs),
  };
}

function readSelf(flags: Flags): Self {
  const id = flags.text("reference-id", "LOCL");
  const referenceId = referenceIdOfAddress(id) ?? (/^[\x21-\x7e]{1,4}$/.test(id) ? referenceIdOf(id) : undefined);
  if (referenceId === undefined)
    throw new ArgumentError(`--reference-id ${id}: write up to four characters, or an IPv4 address`);
  return {
    leap: 0,
    stratum: flags.integer("stratum", 1, 1, 15),
    precision: precisionOf(flags.text("precision", "-18")),
    rootDelayMs: flags.given("root-delay") ? flags.duration("root-delay", "1ms") : 0,
    rootDispersionMs: flags.duration("root-dispersion", "40ms"),
    referenceId,
    reference: unknownTime,
  };
}

function precisionOf(text: string): number {
  const value = /^-?\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= -32 && value <= 7) return value;
  throw new ArgumentError(`--precision ${text}: write a power of 2 from -32 to 7, such as -18`);
}

function addressOf(text: string): ReturnType<typeof parseAddress> {
  const address = parseAddress(text.includes(":") ? text : `${text}:123`);
  if (address.host !== "" && address.port > 0 && address.port < 65_536) return address;
  throw new ArgumentError(`--upstream ${text}: write a host and a port, such as ntp1:123`);
}
