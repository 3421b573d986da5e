import { z } from "zod";
import { duration } from "../units.ts";
import { dnsFault, type Message } from "./contract.ts";
import { addressRecord, answerTo, questionOf, resource } from "./message.ts";
import { domainName, ipAddress, optional, seconds, timeToLive, typeOf } from "./parameters.ts";

export const spoof = dnsFault({
  plane: "dns",
  kind: "dns.spoof",
  soughtAs: ["poison"],
  about:
    "Somebody who sees the query answers it as well, with an address of his own, right id and right question: before the server, or behind it. Besides, he says what nobody has asked: that another name has this address, too. The first reply counts for almost everybody.",
  source: "RFC 5452; RFC 2181, section 5.4.1; meow-rs#365; cool.io#101",
  example: "{ address: 198.18.0.66, race: win }",
  pulse: false,
  parameters: z.strictObject({
    address: ipAddress("what the forged answer says; questions of the other family are left alone"),
    race: z
      .enum(["win", "lose"], "write win or lose")
      .prefault("win")
      .meta({ description: "win: before the server is even asked; lose: behind its reply", examples: ["win", "lose"] }),
    behind: duration.prefault("0ms").meta({ description: "of who loses: how much later than the true reply" }),
    besides: optional(domainName("of whom else it says so, in the additional section")),
    ttl: timeToLive("how long a cache may keep it"),
  }),
  start: () => ({}),
  before(query, _state, parameters) {
    const message = parameters.race === "win" ? forged(query, parameters) : undefined;
    return message === undefined ? undefined : { type: "answer", replies: [{ message, laterMs: 0 }], passes: true };
  },
  after(reply, query, _state, parameters) {
    const message = parameters.race === "lose" ? forged(query, parameters) : undefined;
    if (message === undefined) return undefined;
    return [reply, { message, laterMs: reply.laterMs + parameters.behind }];
  },
});

interface Forgery {
  readonly address: string;
  readonly besides?: string | undefined;
  readonly ttl: number;
}

function forged(query: Message, { address, besides, ttl }: Forgery): Message | undefined {
  const asked = questionOf(query);
  const type = typeOf(address);
  if (asked?.type !== type) return undefined;
  const additionals = besides === undefined ? [] : [addressRecord(besides, address, seconds(ttl))];
  return answerTo(query, { aa: true, answers: [resource(asked.name, type, seconds(ttl), { address })], additionals });
}
