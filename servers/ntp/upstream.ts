/** What a server knows that asks another one: how far its own clock is off, as of the last good reply (RFC 5905, section 8). */
import { leapUnknown, referenceIdOf, requestOf, serverMode, type NtpPacket } from "../../faults/ntp/packet.ts";
import { unixTimeOf, unknownTime } from "../../faults/ntp/timestamp.ts";
import type { Address, Host } from "../../host/host.ts";
import { decode, encode } from "../../proxies/ntp/wire/packet.ts";

export interface Upstream extends AsyncDisposable {
  /** Undefined until the first good reply. */
  known(): Known | undefined;
}

export interface Known {
  /** What is to be added to the own clock. */
  readonly offsetMs: number;
  readonly delayMs: number;
  readonly packet: NtpPacket;
  readonly from: Address;
  /** On the own clock, as it should be. */
  readonly atMs: number;
}

export interface UpstreamOptions {
  readonly host: Host;
  readonly now: () => number;
  readonly server: Address;
  readonly pollMs: number;
}

/** MAXPOLL: 36 hours. */
const longestPollMs = 1000 * 2 ** 17;

export async function askUpstream({ host, now, server, pollMs }: UpstreamOptions): Promise<Upstream> {
  let known: Known | undefined;
  let everyMs = pollMs;
  let denied = false;
  let sent: { readonly nonce: bigint; readonly atMs: number; readonly to: Address } | undefined;
  const socket = await host.network.bind({ port: 0 }, (bytes, from) => {
    const arrivedMs = now();
    const decoded = decode(bytes);
    if (sent === undefined || from.host !== sent.to.host || from.port !== sent.to.port) return;
    if (!("packet" in decoded) || decoded.packet.origin !== sent.nonce) return;
    const { packet } = decoded;
    if (packet.mode === serverMode && packet.stratum === 0) {
      sent = undefined;
      heed(packet);
      return;
    }
    if (!isUsable(packet)) return;
    const [asked, received, transmitted] = [
      sent.atMs,
      unixTimeOf(packet.receive, arrivedMs),
      unixTimeOf(packet.transmit, arrivedMs),
    ];
    sent = undefined;
    const offsetMs = (received - asked + (transmitted - arrivedMs)) / 2;
    const delayMs = Math.max(0, arrivedMs - asked - (transmitted - received));
    known = { offsetMs, delayMs, packet, from, atMs: arrivedMs + offsetMs };
    host.log("upstream.reply", { offset_ms: offsetMs, delay_ms: delayMs, stratum: packet.stratum });
  });

  /** RFC 5905, section 7.4: whoever is told RATE asks less often, and whoever is told DENY or RSTR no more. */
  function heed({ referenceId }: NtpPacket): void {
    if (referenceId === referenceIdOf("RATE")) everyMs = Math.min(longestPollMs, everyMs * 2);
    denied ||= referenceId === referenceIdOf("DENY") || referenceId === referenceIdOf("RSTR");
  }

  async function ask(): Promise<void> {
    const found = await host.network.resolve(server);
    const to = found.find(({ host: address }) => !address.includes(":"));
    if (to === undefined) return;
    const nonce = Buffer.from(host.random.bytes(8)).readBigUInt64BE() | 1n;
    sent = { nonce, atMs: now(), to };
    socket.send(encode(requestOf(nonce)), to);
  }

  // A server that is nowhere yet is asked again, as one that says nothing is.
  const askContained = (): void => void ask().catch(() => undefined);
  let timer: Disposable = host.clock.timer(0, again);
  function again(): void {
    if (denied) return;
    askContained();
    timer = host.clock.timer(everyMs, again);
  }

  return {
    known: () => known,
    async [Symbol.asyncDispose]() {
      timer[Symbol.dispose]();
      await socket[Symbol.asyncDispose]();
    },
  };
}

function isUsable({ mode, leap, stratum, receive, transmit }: NtpPacket): boolean {
  const synchronised = leap !== leapUnknown && stratum > 0 && stratum < 16;
  return mode === serverMode && synchronised && receive !== unknownTime && transmit !== unknownTime;
}
