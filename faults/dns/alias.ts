/** A name that is an alias of another one, with what the server says of that one: it is asked for the target in place of the name. */
import type { Before, Message } from "./contract.ts";
import { isNamed, questionOf, resource } from "./message.ts";

export interface Alias {
  readonly target: string;
  /** In seconds. */
  readonly ttl: number;
}

/** Who asks for the alias itself has it without the server's help. */
export function askForTarget(query: Message, { target }: Pick<Alias, "target">): Before | undefined {
  const asked = questionOf(query);
  if (asked === undefined || asked.type === "CNAME") return undefined;
  return { type: "pass", query: { ...query, questions: [{ ...asked, name: target }] }, laterMs: 0 };
}

/** Its rcode is that of the target: NXDOMAIN if there is none (RFC 6604, section 3). What was asked before the fault came counts as the target's. */
export function asAlias(message: Message, query: Message, { target, ttl }: Alias): Message {
  const asked = questionOf(query);
  if (asked === undefined) return message;
  const alias = resource(asked.name, "CNAME", ttl, { target });
  const { questions } = query;
  if (asked.type === "CNAME") return { ...message, rcode: 0, questions, answers: [alias], authorities: [] };
  const answers = message.answers.map((each) => (isNamed(each, asked.name) ? { ...each, name: target } : each));
  return { ...message, questions, answers: [alias, ...answers] };
}
