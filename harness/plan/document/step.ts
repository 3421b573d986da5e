/** A step: exactly one fault, when, where, and for whom. */
import { z } from "zod";
import type { Repertoire } from "../../../faults/registry.ts";
import { stepMatch } from "../../../faults/match.ts";
import { duration, share } from "../../../faults/units.ts";
import { expectationDocument } from "./expectations.ts";
import { faultKeys, faultShape, noFault } from "./faults.ts";
import { value } from "./values.ts";
import { atMostOne, exactlyOne, expression, formula, name, reference, stepLabel } from "./words.ts";

const count = z.int().positive();
const selectable = z.union([z.literal("all"), z.array(name).min(1)]);

const where = z
  .union(
    [
      name,
      z.array(name).min(1, "write at least one name"),
      z.strictObject({ one_of: selectable }),
      z.strictObject({ random: count, of: selectable }),
    ],
    "write a name, a list of names, all, { one_of: [a, b] } or { random: 2, of: all }",
  )
  .meta({
    description:
      "Links for tcp, udp, dns and http faults, services for all others: a name, a list, `all`, `{ one_of: [a, b] }`, `{ random: 2, of: all }`.",
  });

const choice = (repertoire: Repertoire) =>
  exactlyOne(
    z.strictObject({
      weight: z.number().positive("write a weight above 0").default(1),
      ...faultShape(repertoire),
      none: noFault,
    }),
    faultKeys(repertoire),
    "write exactly one fault in each choice",
  );

const stop = z.union([
  z.string().min(1, "write when the step ends, such as 50s, phase.end - 10s or a condition"),
  value(duration),
]);

const timing = {
  name: stepLabel.optional().meta({
    description:
      'What it is called in the history and in `fault("…")`; by default its kind. `storm#3` is occurrence 3 of storm, written out.',
  }),
  where: where.optional(),
  at: value(duration)
    .optional()
    .meta({ description: "From the start of the phase (or from its trigger); by default 0s." }),
  for: value(duration)
    .optional()
    .meta({ description: "How long each occurrence lasts; by default to the next one, or to the end of the phase." }),
  every: value(duration).optional().meta({ description: "From one occurrence to the next." }),
  until: stop.optional().meta({
    description: "A time (`50s`, `phase.end - 10s`), an edge of another step (`storm.ended`), or a condition.",
  }),
  times: value(count).optional().meta({ description: "How many occurrences at most." }),
  when: expression.optional().meta({ description: "An occurrence each time that this becomes true." }),
  while: expression.optional().meta({ description: "An occurrence as long as this is true." }),
  after: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9._-]*(\s*\+\s*\S+)?$/,
      "write the name of a step or phase, such as storm, storm.ended + 30s or phase.warm-up + 1m",
    )
    .optional()
    .meta({
      description:
        "Counts from another step (`storm`, `storm.ended + 30s`) or from the end of a phase (`phase.warm-up`).",
    }),
  direction: z.enum(["upstream", "downstream", "both"], "write upstream, downstream or both").optional(),
  leg: z.enum(["client", "upstream"], "write client or upstream").optional().meta({
    description: "Before the proxies of other planes (by default), or behind them, on the way to the server.",
  }),
  match: stepMatch.optional().meta({
    description: "Which requests, for http faults; which questions, for dns faults; which handshakes, for tls faults.",
  }),
  scope: z
    .enum(["new", "all"], "write new or all")
    .optional()
    .meta({ description: "New connections only (and what is asked over them), or those that are there as well." }),
  probability: z.union([share, reference, formula]).optional().meta({
    description:
      "The share of connections that it acts on, such as 30%; for http faults, of the requests that match; for dns faults, of the questions that a client asks by one name and type.",
  }),
  first: count.optional().meta({
    description: "Only the first so many connections, requests, or questions of a client by one name and type.",
  }),
  nth: count.optional().meta({ description: "Only the n-th connection, request, or question." }),
  every_nth: count.optional().meta({ description: "Every n-th connection, request, or question." }),
  may_miss: z
    .boolean("write true or false")
    .default(false)
    .meta({ description: "The run is no less worth if this never hit anything." }),
  expect: z
    .array(expectationDocument)
    .optional()
    .meta({ description: "What must hold while this step's occurrences last." }),
};

export const stepDocument = (repertoire: Repertoire) =>
  atMostOne(
    exactlyOne(
      z.strictObject({
        ...faultShape(repertoire),
        choose: z.array(choice(repertoire)).min(1, "write at least one choice").optional(),
        none: noFault,
        ...timing,
      }),
      [...faultKeys(repertoire), "choose"],
      "write exactly one fault, such as tcp.latency: { delay: 100ms }",
    ),
    ["when", "while", "after"],
    "write only one of when, while and after",
  ).meta({ id: "step" });
