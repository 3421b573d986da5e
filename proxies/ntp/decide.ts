/** What the faults that a request has met make of it, and of its reply. */
import type { Before, NtpContext, NtpFault, NtpReply } from "../../faults/ntp/contract.ts";
import type { Delay } from "../delays.ts";
import { encode, type NtpPacket } from "./wire/packet.ts";

/** A fault that a request has met. */
export interface Meeting {
  /** By which it is lifted. */
  readonly owner: object;
  readonly fault: NtpFault;
  readonly parameters: Record<string, unknown>;
  readonly state: object;
  readonly context: Omit<NtpContext, "now">;
  hit(): void;
}

export type DecidedBefore =
  | { readonly type: "drop" }
  | { readonly type: "pass"; readonly packet: NtpPacket; readonly delay: Delay }
  /** By the fault of this number: those behind it see the replies. */
  | { readonly type: "answer"; readonly by: number; readonly replies: readonly NtpReply[] };

export function decideBefore(meetings: readonly Meeting[], asked: NtpPacket, now: number): DecidedBefore {
  let packet = asked;
  const delay = new Map<object, number>();
  for (const [by, meeting] of meetings.entries()) {
    const { owner, fault, parameters, state, context } = meeting;
    const decision: Before | undefined = fault.before?.(packet, state, parameters, { ...context, now });
    if (decision === undefined) continue;
    if (decision.type !== "pass") {
      meeting.hit();
      return decision.type === "drop" ? decision : { ...decision, by };
    }
    if (decision.laterMs > 0 || !isSame(decision.packet, packet)) meeting.hit();
    if (decision.laterMs > 0) delay.set(owner, decision.laterMs);
    packet = decision.packet;
  }
  return { type: "pass", packet, delay };
}

/** A reply, and what is under way instead of it. */
export interface Sent {
  readonly reply: NtpReply;
  readonly delay: Delay;
}

export function decideAfter(
  meetings: readonly Meeting[],
  came: readonly NtpReply[],
  request: NtpPacket,
  now: number,
): readonly Sent[] {
  const replies = came.map((reply): Sent => ({ reply, delay: new Map() }));
  return meetings.reduce<readonly Sent[]>((passing, meeting) => {
    const { owner, fault, parameters, state, context } = meeting;
    return passing.flatMap((sent): readonly Sent[] => {
      const put = [fault.after?.(sent.reply, request, state, parameters, { ...context, now }) ?? sent.reply].flat();
      if (put.length !== 1 || !put.every((reply) => isSameReply(reply, sent.reply))) meeting.hit();
      return put.map((reply) => {
        const added = reply.laterMs - sent.reply.laterMs;
        return { reply, delay: added === 0 ? sent.delay : new Map([...sent.delay, [owner, added] as const]) };
      });
    });
  }, replies);
}

export function bytesOf({ packet, length }: NtpReply): Uint8Array {
  const bytes = encode(packet);
  return length === undefined ? bytes : bytes.subarray(0, length);
}

function isSameReply(one: NtpReply, other: NtpReply): boolean {
  return (
    one === other ||
    (one.laterMs === other.laterMs &&
      one.fromElsewhere === other.fromElsewhere &&
      Buffer.compare(bytesOf(one), bytesOf(other)) === 0)
  );
}

function isSame(one: NtpPacket, other: NtpPacket): boolean {
  return one === other || Buffer.compare(encode(one), encode(other)) === 0;
}
