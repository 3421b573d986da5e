/** What the faults that a query has met make of it, and of its reply. */
import type { DnsReply } from "../../faults/dns/contract.ts";
import type { Message, Name } from "../../faults/dns/message.ts";
import { nothingAdded, type Delay } from "../delays.ts";
import { contextOf, hit, isLifted, type Meeting, type Telling } from "./meeting.ts";
import { encode } from "./wire/encode.ts";

export interface DecidedBefore {
  /** To be passed on, unless a fault keeps it from that. */
  readonly pass: { readonly query: Message; readonly delay: Delay } | undefined;
  /** Made by the fault of this number: those that are nearer to the client see them. */
  readonly answers: readonly { readonly by: number; readonly replies: readonly DnsReply[] }[];
  readonly end: "reset" | "close" | undefined;
}

export function decideBefore(meetings: readonly Meeting[], asked: Message, telling: Telling): DecidedBefore {
  let query = asked;
  let delay = nothingAdded;
  const answers: DecidedBefore["answers"][number][] = [];
  for (let by = meetings.length - 1; by >= 0; by -= 1) {
    const meeting = meetings[by];
    if (meeting?.chosen !== true) continue;
    const { owner } = meeting;
    if (query !== asked) meeting.query = query;
    const decision = owner.fault.before?.(query, owner.state, owner.parameters, contextOf(meeting, telling));
    if (decision === undefined) continue;
    if (decision.type === "pass") {
      const isChanged = !isSame(decision.query, query);
      if (isChanged) meeting.isBound = true;
      if (isChanged || decision.laterMs > 0) hit(meeting);
      if (decision.laterMs > 0) delay = new Map([...delay, [owner, decision.laterMs]]);
      query = decision.query;
      continue;
    }
    hit(meeting);
    if (decision.type === "end") return { pass: undefined, answers, end: decision.how };
    if (decision.type === "answer") answers.push({ by, replies: decision.replies });
    if (decision.type === "drop" || decision.passes !== true) return { pass: undefined, answers, end: undefined };
  }
  return { pass: { query, delay }, answers, end: undefined };
}

/** What is under way to the client. */
export interface Sent {
  readonly reply: DnsReply;
  readonly delay: Delay;
}

export function decideAfter(
  meetings: readonly Meeting[],
  came: readonly Sent[],
  asked: Message,
  telling: Telling,
): readonly Sent[] {
  let passing = came;
  for (const meeting of meetings) {
    const { owner, chosen, query = asked } = meeting;
    const { fault, state, parameters } = owner;
    if (isLifted(meeting)) continue;
    const context = contextOf(meeting, telling);
    for (const { reply } of passing) fault.remember?.(reply.message, query, state, parameters, context);
    if (!chosen || fault.after === undefined) continue;
    let next: readonly Sent[] = [];
    for (const sent of passing) {
      const decision = fault.after(sent.reply, query, state, parameters, context);
      const put = decision === undefined ? [sent.reply] : "message" in decision ? [decision] : decision;
      if (put.length !== 1 || !put.every((reply) => isSameReply(reply, sent.reply))) hit(meeting);
      const made = put.map((reply): Sent => {
        const added = reply.laterMs - sent.reply.laterMs;
        return { reply, delay: added === 0 ? sent.delay : new Map([...sent.delay, [owner, added]]) };
      });
      next = next.length === 0 ? made : [...next, ...made];
    }
    passing = next;
  }
  return passing;
}

function isSameReply(one: DnsReply, other: DnsReply): boolean {
  if (one === other) return true;
  if (isPlainlyOther(one.message, other.message) && one.bytes === undefined && other.bytes === undefined) return false;
  const { message, bytes, ...rest } = one;
  const { message: otherMessage, bytes: otherBytes, ...otherRest } = other;
  if (JSON.stringify(rest) !== JSON.stringify(otherRest)) return false;
  if (bytes !== undefined && otherBytes !== undefined) return Buffer.compare(bytes, otherBytes) === 0;
  return bytes === otherBytes && isSame(message, otherMessage);
}

function isSame(one: Message, other: Message): boolean {
  return one === other || (!isPlainlyOther(one, other) && Buffer.compare(encode(one), encode(other)) === 0);
}

/** By what can be seen without writing them: how many records there are, and what the question is. */
function isPlainlyOther(one: Message, other: Message): boolean {
  if (one.counts !== undefined || other.counts !== undefined) return false;
  if (one.questions.length !== other.questions.length || one.answers.length !== other.answers.length) return true;
  if (one.authorities.length !== other.authorities.length) return true;
  const name = one.questions[0]?.name;
  const otherName = other.questions[0]?.name;
  return isPlainName(name) && isPlainName(otherName) && name !== otherName;
}

/** No other text says the same name. */
function isPlainName(name: Name | undefined): name is string {
  return typeof name === "string" && !name.includes("\\") && !name.endsWith(".");
}
