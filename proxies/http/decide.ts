/** What the faults that a request has met make of it, and of its reply. */
import type { Before, End } from "../../faults/http/contract.ts";
import type { HttpReply, HttpRequest } from "../../faults/http/message.ts";
import type { Meeting } from "./injections.ts";

export interface DecidedBefore {
  readonly request: HttpRequest;
  readonly repeat: (Extract<Before, { readonly type: "repeat" }> & Pick<Meeting, "hit">) | undefined;
  /** It is not passed on: by the fault of this number. */
  readonly instead: { readonly by: number; readonly decision: End | Extract<Before, { type: "answer" }> } | undefined;
}

export function decideBefore(meetings: readonly Meeting[], asked: HttpRequest): DecidedBefore {
  let request = asked;
  let repeat: DecidedBefore["repeat"];
  for (const [by, meeting] of meetings.entries()) {
    const { fault, chosen, state, parameters, context } = meeting;
    const decision = chosen ? fault.before?.(request, state, parameters, context) : undefined;
    if (decision === undefined) continue;
    if (decision.type === "answer" || decision.type === "end") {
      meeting.hit();
      return { request, repeat, instead: { by, decision } };
    }
    if (decision.type === "repeat") repeat = { ...decision, hit: () => meeting.hit() };
    else {
      request = decision.request;
      meeting.hit();
    }
  }
  return { request, repeat, instead: undefined };
}

export interface DecidedAfter {
  readonly reply: HttpReply;
  readonly end: End | undefined;
  /** What is to be told of when the body has been cut, or held up. */
  readonly cutBy: readonly Meeting[];
  readonly pacedBy: readonly Meeting[];
}

/** `hold` waits for others to pass. */
export async function decideAfter(
  meetings: readonly Meeting[],
  request: HttpRequest,
  came: HttpReply,
  hold: (behind: number, longestMs: number, lifted: AbortSignal) => Promise<number>,
): Promise<DecidedAfter> {
  let reply = came;
  const cutBy: Meeting[] = [];
  const pacedBy: Meeting[] = [];
  for (const meeting of meetings) {
    const { fault, chosen, state, parameters, context, lifted } = meeting;
    const decision = chosen && !lifted.aborted ? fault.after?.(reply, request, state, parameters, context) : undefined;
    if (decision === undefined) continue;
    if (decision.type === "end") {
      meeting.hit();
      return { reply, end: decision, cutBy, pacedBy };
    }
    if (decision.type === "hold") {
      if ((await hold(decision.behind, decision.longestMs, lifted)) > 0) meeting.hit();
      continue;
    }
    // What a body that passes will show, nobody knows yet.
    if (decision.reply.cut !== reply.cut) cutBy.push(meeting);
    else if (decision.reply.pace !== reply.pace) pacedBy.push(meeting);
    else meeting.hit();
    reply = decision.reply;
  }
  return { reply, end: undefined, cutBy, pacedBy };
}
