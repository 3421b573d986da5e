/**
 * Says that there are no other names than those of links, which are in each service's hosts file. Docker asks the gate for whatever it does not know itself, and
 * without an answer a look-up would take 20 s, where the field has one at once.
 */
import type { Host } from "../../../../host/host.ts";

const port = 53;
const headerLength = 12;
/** NXDOMAIN (RFC 1035, section 4.1.1). */
const nameError = 3;

export async function refuseNames(host: Host, addresses: readonly string[]): Promise<AsyncDisposable> {
  await using listening = new AsyncDisposableStack();
  for (const address of addresses) {
    const socket = await host.network.bind({ host: address, port }, (bytes, from) => {
      const reply = refusal(bytes);
      if (reply !== undefined) socket.send(reply, from);
    });
    listening.use(socket);
  }
  return listening.move();
}

/** The question as it came, with the answer that there is no such name; undefined if it is no question. */
export function refusal(query: Uint8Array): Uint8Array | undefined {
  let end = headerLength;
  for (let length = query[end]; length !== 0; length = query[end]) {
    // A question needs no compression, and nothing may be longer than 63.
    if (length === undefined || length > 63) return undefined;
    end += length + 1;
  }
  // The root label, type and class.
  end += 5;
  if (query.length < end) return undefined;
  const reply = query.slice(0, end);
  const [, , flags = 0] = query;
  // QR, and of the question OPCODE and RD; then RA and RCODE.
  reply.set([0x80 | (flags & 0x79), 0x80 | nameError], 2);
  // One question, and nothing else.
  reply.set([0, 1, 0, 0, 0, 0, 0, 0], 4);
  return reply;
}
