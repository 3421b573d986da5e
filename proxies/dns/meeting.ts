/** A fault that a query has met: what is known of the two, and what has become of it. */
import type { DnsContext, DnsFault } from "../../faults/dns/contract.ts";
import type { Asked } from "../../faults/dns/match.ts";
import type { Message } from "../../faults/dns/message.ts";
import type { Selection } from "../chosen.ts";
import type { Series } from "./questions.ts";
import type { Peeked } from "./wire/decode.ts";

/** A query, as far as it matters for whom it meets. */
export interface Concerned extends Asked {
  readonly connection: number;
  /** The client's address. */
  readonly client: string;
}

/** As far as faults are told of it. */
export interface Asking extends Concerned {
  /** The client's address with its port. */
  readonly socket: string;
  /** Which try of it. */
  readonly attempt: number;
}

export interface AskedQuestion extends Asking {
  readonly question: Peeked;
  /** Whose question of this number it is. */
  readonly series: Series;
  readonly number: number;
}

export type DnsHit = {
  readonly connection: number;
  readonly name: string;
  readonly type: string;
  readonly ordinal: number;
  readonly attempt: number;
};

/** A fault on a link's questions. */
export interface Injected {
  readonly fault: DnsFault;
  readonly parameters: Record<string, unknown>;
  readonly state: object;
  readonly draw: Selection["draw"];
  readonly onHit: (detail: DnsHit) => void;
  /** Unix time. */
  readonly since: number;
  isLifted: boolean;
}

export interface Meeting {
  /** The fault, by which it is lifted. */
  readonly owner: Injected;
  readonly asked: Asking;
  /** Which one this is of those that were asked so, to this fault. */
  readonly ordinal: number;
  /** In the order of their coming. */
  readonly clientNumber: number;
  /** False if the query matches, but `nth` and the like leave it alone. */
  readonly chosen: boolean;
  /** As it came to the fault, if one that is nearer to the client has changed it. */
  query: Message | undefined;
  /** It has changed the query, and must see the reply to it, also if it is lifted by then: the reply is no answer to what the client has asked. */
  isBound: boolean;
  isHit: boolean;
}

/** What faults are told besides what each knows of its own. */
export type Telling = Pick<DnsContext, "now" | "sizeOf">;

export function isLifted({ owner, isBound }: Meeting): boolean {
  return !isBound && owner.isLifted;
}

/** It has changed something. */
export function hit(meeting: Meeting): void {
  if (meeting.isHit) return;
  meeting.isHit = true;
  const { owner, ordinal, asked } = meeting;
  const {
    connection,
    attempt,
    question: { name, type },
  } = asked;
  owner.onHit({ connection, name, type, ordinal, attempt });
}

export function contextOf({ owner, asked, ordinal, clientNumber }: Meeting, { now, sizeOf }: Telling): DnsContext {
  const { attempt, transport, client, socket, question } = asked;
  return {
    ordinal,
    attempt,
    transport,
    client,
    socket,
    now,
    since: owner.since,
    sizeOf,
    draw: (decision, n) => owner.draw(keyOfDraw(clientNumber, question, `${ordinal}.${decision}`), n),
  };
}

/** Clients are told apart by their order, not by their addresses, which may be others in the next run. */
export function keyOfDraw(clientNumber: number, { name, type }: Asked["question"], decision: string): string {
  return `${clientNumber}.${name.toLowerCase()}.${type}.${decision}`;
}
