/**
 * Whether a time server answers. Some sites block NTP's port, and then nobody corrects the node's clock: that is worth telling.
 *
 * Nothing else is made of its answers. What the time is this node's own NTP client may believe of several servers, and no lease hangs on one of them.
 */
import { parseAddress } from "../../host/address.ts";
import { createDeadline } from "../../host/deadline.ts";
import type { Host, Log } from "../../host/host.ts";
import type { Contain } from "./contain.ts";

export type NtpState = "not asked" | "answers" | "unreachable";

/** RFC 5905, 7.3: a client's request of version 4 says so in its first byte, and a reply has the request's Transmit Timestamp as its Origin Timestamp. */
const packetBytes = 48;
const clientOfVersion4 = 0x23;
const transmitTimestamp = 40;
const originTimestamp = 24;
/** As NTP's own shortest interval that every server bears. */
const pauseMs = 64_000;
const patienceMs = 5000;

/** Runs until the signal aborts. */
export async function watchNtp(
  host: Host,
  server: string,
  options: {
    readonly log: Log;
    readonly contain: Contain;
    readonly onState: (state: NtpState) => void;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { log, contain, onState, signal } = options;
  let known: NtpState = "not asked";
  while (!signal.aborted) {
    let state: NtpState = "unreachable";
    await contain("ntp", async () => {
      const hasAnswered = answers(host, server, signal);
      // Whoever is told to stop has no trouble.
      if (await hasAnswered.catch((error: unknown) => (signal.aborted ? false : Promise.reject(error))))
        state = "answers";
    });
    if (state !== known) log("ntp.state", { server, state });
    known = state;
    onState(state);
    await host.clock.sleep(pauseMs, { signal }).catch(() => undefined);
  }
}

async function answers(host: Host, server: string, signal: AbortSignal): Promise<boolean> {
  using deadline = createDeadline(host.clock, patienceMs, { signal });
  const request = Buffer.alloc(packetBytes);
  request[0] = clientOfVersion4;
  request.set(host.random.bytes(packetBytes - transmitTimestamp), transmitTimestamp);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  deadline.signal.addEventListener("abort", () => resolve(false), { once: true });
  const [address] = await host.network.resolve(parseAddress(server), deadline);
  if (address === undefined) return false;
  await using socket = await host.network.bind({ port: 0 }, (bytes) => {
    const origin = bytes.subarray(originTimestamp, originTimestamp + packetBytes - transmitTimestamp);
    if (Buffer.compare(origin, request.subarray(transmitTimestamp)) === 0) resolve(true);
  });
  socket.send(request, address);
  return await promise;
}
