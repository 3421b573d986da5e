import { z } from "zod";
import { duration } from "../units.ts";
import { dnsFault, type Message } from "./contract.ts";
import { keep, nothingKept } from "./kept.ts";
import { questionOf } from "./message.ts";

/** Of one question: more is forgotten, the oldest last. */
const mostVersions = 32;

interface Version {
  readonly since: number;
  readonly message: Message;
}

export const stale = dnsFault({
  plane: "dns",
  kind: "dns.stale",
  about:
    "The server's data are old, as those of a secondary that can't transfer its zone, or of a cache that never lets go: what it said so long ago. What has not been seen since the fault began is told as it is, and counts from then.",
  source: "RFC 1034, section 4.3.5; RFC 8767; zonemaster#395; spksrc#1538; unbound#1424",
  example: "{ behind: 1h }",
  pulse: false,
  parameters: z.strictObject({
    behind: duration.meta({ description: "how old", strengths: ["10s", "1d"] }),
  }),
  start: () => nothingKept<readonly Version[]>(),
  remember(reply, query, state, _parameters, { now }) {
    const key = keyOf(query);
    const known = state.by.get(key) ?? [];
    const last = known.at(-1);
    if (last !== undefined && JSON.stringify(last.message.answers) === JSON.stringify(reply.answers)) return;
    keep(state, key, [...known, { since: now, message: reply }].slice(-mostVersions));
  },
  after(reply, query, state, { behind }, { now }) {
    const known = state.by.get(keyOf(query)) ?? [];
    const then = known.findLast(({ since }) => since <= now - behind) ?? known[0];
    if (then === undefined || then.message === reply.message) return undefined;
    const { rcode, aa, answers, authorities, additionals } = then.message;
    return { ...reply, message: { ...reply.message, rcode, aa, answers, authorities, additionals } };
  },
});

function keyOf(query: Message): string {
  const asked = questionOf(query);
  return `${asked?.name.toLowerCase()} ${asked?.type}`;
}
