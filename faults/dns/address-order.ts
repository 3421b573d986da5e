import { z } from "zod";
import { dnsFault } from "./contract.ts";
import { addressRecord, questionOf } from "./message.ts";
import { ipAddress, optional, typeOf } from "./parameters.ts";

const orders = ["rotated", "reversed", "shuffled"] as const;

export const addressOrder = dnsFault({
  plane: "dns",
  kind: "dns.address-order",
  soughtAs: ["round-robin"],
  about:
    "The addresses of a name come in another order at each question, as servers share out load; and one of them may be dead. Clients that try only the first are down every now and then, and clients that sort them never see it.",
  source: "RFC 1794; RFC 6724; RFC 3484 broke round robin in 2007",
  example: "{ order: rotated, dead: 198.18.0.99 }",
  pulse: false,
  parameters: z.strictObject({
    order: z
      .enum(orders, `write one of ${orders.join(", ")}`)
      .prefault("rotated")
      .meta({
        description: "rotated: by one more at each question; shuffled: drawn anew for each",
        examples: [...orders],
      }),
    dead: optional(ipAddress("one more address, at which nobody is")),
  }),
  start: () => ({}),
  after(reply, query, _state, { order, dead }, { ordinal, draw }) {
    const type = questionOf(query)?.type;
    const { message } = reply;
    const own = message.answers.filter((each) => each.type === type && "address" in each.data);
    const [first] = own;
    if (first === undefined) return undefined;
    const one = dead !== undefined && typeOf(dead) === type ? [addressRecord(first.name, dead, first.ttl)] : [];
    const all = [...own, ...one];
    const by = ordinal % all.length;
    const ordered = {
      rotated: () => [...all.slice(by), ...all.slice(0, by)],
      reversed: () => all.toReversed(),
      shuffled: () =>
        all
          .map((each, n) => ({ each, key: draw("order", n) }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ each }) => each),
    }[order]();
    const others = message.answers.filter((each) => !own.includes(each));
    return { ...reply, message: { ...message, answers: [...others, ...ordered] } };
  },
});
