/** What a client takes in one datagram, and what a server does about more: RFC 2181, section 9; RFC 6891, section 6.2.5. */
import type { Message } from "../../../faults/dns/message.ts";
import { encode } from "./encode.ts";

/** RFC 1035, section 4.2.1: without EDNS, and whatever EDNS says. */
export const leastPayload = 512;

export function payloadOf({ edns }: Message): number {
  return Math.max(leastPayload, edns?.udpPayloadSize ?? 0);
}

/** In so many bytes: what is too long loses the ends of its sections, and says TC unless only what nobody needs is missing. */
export function fit(message: Message, most: number): Uint8Array {
  const whole = encode(message);
  if (whole.length <= most) return whole;
  const withoutExtras = encode({ ...message, additionals: [] });
  if (withoutExtras.length <= most) return withoutExtras;
  const bare = { ...message, tc: true, authorities: [], additionals: [] };
  // As many as fit: halved until it is found.
  let [low, high] = [0, message.answers.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (encode({ ...bare, answers: message.answers.slice(0, middle) }).length <= most) low = middle;
    else high = middle - 1;
  }
  return encode({ ...bare, answers: message.answers.slice(0, low) });
}
