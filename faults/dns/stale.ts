import { z } from "zod";
import { duration } from "../units.ts";
import { dnsFault, type Message } from "./contract.ts";
import { keep, nothingKept } from "./kept.ts";
import { isTransfer, questionOf } from "./message.ts";

/** Of one question. Where there are more, the second is forgotten, so that what is told is rather older than it should be than newer. */
const mostVersions = 32;

interface Version {
  readonly since: number;
  readonly message: Message;
}

export const stale = dnsFault({
  plane: "dns",
  kind: "dns.stale",
  about:
    "The server's data are old, as those of a secondary that can't transfer its zone, or of a cache that never lets go: what it said so long ago. What has not been seen since the fault began is told as it is, and counts from then. Transfers (AXFR, IXFR) are left alone.",
  source: "RFC 1034, section 4.3.5; RFC 8767; zonemaster#395; spksrc#1538; unbound#1424",
  example: "{ behind: 1h }",
  pulse: false,
  parameters: z.strictObject({
    behind: duration.meta({ description: "how old", strengths: ["10s", "1d"] }),
  }),
  start: () => nothingKept<readonly Version[]>(),
  remember(reply, query, state, { behind }, { now }) {
    if (isTransfer(query)) return;
    const key = keyOf(query);
    const known = state.by.get(key) ?? [];
    const last = known.at(-1);
    if (last !== undefined && saidBy(last.message) === saidBy(reply)) return;
    // Nobody is told again what is older than what is old enough.
    const needed = known.slice(Math.max(0, known.findLastIndex(isOldEnough(now - behind))));
    const [first, ...rest] = [...needed, { since: now, message: reply }];
    const kept = rest.slice(-(mostVersions - 1));
    keep(state, key, first === undefined ? kept : [first, ...kept]);
  },
  after(reply, query, state, { behind }, { now }) {
    if (isTransfer(query)) return undefined;
    const known = state.by.get(keyOf(query)) ?? [];
    const then = known.findLast(isOldEnough(now - behind)) ?? known[0];
    if (then === undefined || then.message === reply.message) return undefined;
    const { rcode, aa, answers, authorities, additionals } = then.message;
    return { ...reply, message: { ...reply.message, rcode, aa, answers, authorities, additionals } };
  },
});

function isOldEnough(then: number): (version: Version) => boolean {
  return ({ since }) => since <= then;
}

/** The same in another order, or with less time to live, is the same. */
function saidBy({ rcode, answers }: Message): string {
  const records = answers.map(({ name, type, data }) => JSON.stringify([name, type, data]));
  return JSON.stringify([rcode, ...records.toSorted()]);
}

function keyOf(query: Message): string {
  const asked = questionOf(query);
  return `${asked?.name.toLowerCase()} ${asked?.type}`;
}
