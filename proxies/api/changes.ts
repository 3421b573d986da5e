/**
 * What the extended API takes: proxies and faults in the words of plans.
 *
 *     { "proxy": { "name": "dns", "proto": "udp", "upstream": "10.0.0.1:53" } }
 *     { "fault": { "udp.latency": { "delay": "100ms" }, "where": "dns", "for": "30s" } }
 *     { "lift": "udp.latency" }     { "remove": "dns" }
 */
import { z } from "zod";
import { faultKey, faultOf } from "../../faults/key.ts";
import { faults, isFaultOfLink, type FaultOfLink } from "../../faults/registry.ts";
import { match, wrongInMatch } from "../../faults/match.ts";
import { linksAmong } from "../../faults/place.ts";
import { duration, share } from "../../faults/units.ts";
import { idleKeys, whyNobody, type WhomKey } from "../../faults/whom.ts";
import { canBeDialled } from "./addresses.ts";
import type { FaultRequest } from "./fault.ts";
import { legs } from "../chain/planes.ts";
import { protos } from "./running.ts";

const longestName = 200;

/** Of what is there: Toxiproxy's calls allow names of any length. */
const anyName = z.string("write a name, such as db").min(1, "write a name, such as db");
const name = anyName.max(longestName, `write a shorter name: ${longestName} characters at most`);
const address = (example: string) => z.string(`write an address, such as ${example}`).min(1).max(300);
const upstreamHelp = "write a host and a port from 1 to 65535, such as db.test:5432";
const count = z.int("write a whole number, such as 3").positive("write a whole number above 0");

const proxyShape = {
  proto: z
    .enum(protos, `write one of ${protos.join(", ")}`)
    .optional()
    .meta({ description: "By default tcp. It stays what it was." }),
  listen: address("127.0.0.1:15432")
    .optional()
    .meta({ description: "Where clients find it; by default a free port of 127.0.0.1." }),
  upstream: z
    .string(upstreamHelp)
    .max(300, { error: upstreamHelp, abort: true })
    .refine(canBeDialled, upstreamHelp)
    .optional()
    .meta({ description: "Where the server is: always said of a new proxy." }),
  names: z
    .array(address("db.test"), "write a list of names, such as [db.test]")
    .min(1, "write at least one name, such as [db.test]")
    .max(100, "write 100 names at most")
    .optional()
    .meta({
      description:
        "Of https and tls: what the server's certificate is for, its own name first; by default the host of `upstream`. Clients may ask for any of them, and for localhost.",
    }),
  enabled: z
    .boolean("write true or false")
    .optional()
    .meta({ description: "By default true. While it is false, nobody listens." }),
};

/** A proxy, without its name: what is left out stays as it is. */
export const proxyBody = z.strictObject(proxyShape).meta({ id: "proxy-body" });
const proxyDocument = z.strictObject({ name, ...proxyShape }).meta({ id: "proxy" });

const faultsOfLinks: readonly FaultOfLink[] = [...faults.values()].filter(isFaultOfLink);

const kinds: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  faultsOfLinks.map(({ kind, about, parameters }) => [
    faultKey(kind),
    (parameters.safeParse({}).success ? parameters.nullable() : parameters)
      .optional()
      .meta({ id: faultKey(kind), description: about }),
  ]),
);

const oneFault = "write exactly one fault, such as tcp.latency: { delay: 100ms }";

/** One fault, and whom it meets, as a step of a plan has them. */
const stepShape = {
  // Their keys are known at run time alone.
  ...(kinds as object),
  match: match.optional().meta({
    description:
      "Which clients; for http faults, which requests; for dns faults, which questions; for tls faults, which handshakes.",
  }),
  leg: z.enum(legs, "write client or upstream").optional().meta({
    description:
      "Of a tcp fault: before the proxies of other planes (by default), or behind them, on the way to the server.",
  }),
  direction: z.enum(["upstream", "downstream", "both"], "write upstream, downstream or both").optional(),
  scope: z
    .enum(["new", "all"], "write new or all")
    .optional()
    .meta({ description: "New connections only, or those that are there as well." }),
  probability: share.optional().meta({ description: "The share of connections that it acts on, such as 30%." }),
  first: count.optional().meta({ description: "Only the first so many connections." }),
  nth: count.optional().meta({ description: "Only the n-th connection." }),
  every_nth: count.optional().meta({ description: "Every n-th connection." }),
};

type Step = z.output<z.ZodObject<typeof stepShape>>;

function withOneFault<Document extends z.ZodType<Step>>(document: Document): Document {
  return document
    .refine((written) => kindsIn(written).length === 1, {
      message: oneFault,
      params: { keys: Object.keys(kinds) },
      when: ({ value }) => typeof value === "object" && value !== null,
    })
    .superRefine((written, context) => {
      const [key = ""] = kindsIn(written);
      const fault = faultOf(key);
      if (fault === undefined || !isFaultOfLink(fault)) return;
      for (const { path, why } of misplaced(fault, written))
        context.addIssue({ code: "custom", path: [...path], message: why });
      for (const [parameter, link] of linksAmong(
        fault.parameters,
        (written as Readonly<Record<string, unknown>>)[key] as object | null,
      ))
        context.addIssue({
          code: "custom",
          path: [key, parameter],
          message: `write an address: link:${link} is a link of a plan, and here is none`,
        });
    });
}

/** For the only proxy that is there, for good. */
export const stepDocument = withOneFault(z.strictObject(stepShape));

/** As a step of a plan. */
export const faultDocument = withOneFault(
  z.strictObject({
    ...stepShape,
    name: name.optional().meta({ description: "What it is called; by default its kind." }),
    where: z
      .union(
        [anyName, z.array(anyName).min(1, "write at least one proxy, such as [db]")],
        "write the name of a proxy, a list of names, or all",
      )
      .meta({ description: "A proxy, a list of proxies, or `all` that it can act on." }),
    for: duration
      .refine((time) => time > 0, "write a time above 0, such as 30s")
      .optional()
      .meta({ description: "After that time it is lifted by itself." }),
  }),
).meta({ id: "fault", oneOf: Object.keys(kinds).map((key) => ({ required: [key] })) });

export const changeDocument = z
  .union(
    [
      z.strictObject({ proxy: proxyDocument }),
      z.strictObject({ remove: anyName }),
      z.strictObject({ fault: faultDocument }),
      z.strictObject({ lift: name }),
    ],
    "write { proxy: … }, { remove: NAME }, { fault: … } or { lift: NAME }",
  )
  .meta({ id: "change" });

const mostChanges = 1000;

export const changesDocument = z
  .array(changeDocument, "write a list of changes, such as [{ lift: slow }]")
  .max(mostChanges, `write ${mostChanges} changes at most`)
  .meta({ id: "changes" });

/** What is said of whom a fault meets, and means nothing to it. */
function misplaced(
  fault: FaultOfLink,
  written: { readonly [Key in WhomKey | "for"]?: unknown },
): readonly { readonly path: readonly string[]; readonly why: string }[] {
  const { plane, kind } = fault;
  const idle = idleKeys(fault, written.direction);
  const found: { path: readonly string[]; why: string }[] = [];
  for (const [key, why] of idle) {
    // Behind the proxies of other planes there is a door as well: their connects, instead of clients', are turned away there.
    const hasDoors = key === "leg" && plane === "tcp";
    if (written[key] !== undefined && !hasDoors) found.push({ path: [key], why: `leave out ${key}: ${why}` });
  }
  const { match: matching } = written;
  if (!idle.has("match") && typeof matching === "object" && matching !== null)
    for (const { path, why } of wrongInMatch(plane, matching, ["client"]))
      found.push({ path: ["match", ...path], why });
  const nobody = whyNobody(written);
  if (nobody !== undefined) found.push({ path: [nobody.key], why: `leave out ${nobody.key}: ${nobody.why}` });
  if (written.for !== undefined && fault.pulse)
    found.push({
      path: ["for"],
      why: `leave out for: ${kind} happens at one moment, and lasts until another undoes it`,
    });
  return found;
}

type ProxyDocument = z.output<typeof proxyDocument>;

export type Change =
  | { readonly proxy: ProxyDocument }
  | { readonly remove: string }
  | { readonly fault: FaultRequest }
  | { readonly lift: string };

type FaultDocument = z.output<typeof faultDocument>;

/** The keys of faults in it, as they are written: one, if it was found to be right. */
function kindsIn(written: object): readonly string[] {
  return Object.entries(written).flatMap(([key, value]) => (key in kinds && value !== undefined ? [key] : []));
}

/** `raw`: the same as it was written, for whoever looks at it later. */
export function changeOf(parsed: z.output<typeof changeDocument>, raw: unknown): Change {
  if (!("fault" in parsed)) return parsed;
  return { fault: faultRequestOf(parsed.fault, (raw as { readonly fault: unknown }).fault) };
}

export function faultRequestOf(parsed: FaultDocument, raw: unknown): FaultRequest {
  const { name: called, where, for: length } = parsed;
  const chosen = chosenFaultOf(parsed);
  return {
    ...chosen,
    name: called ?? chosen.fault.kind,
    written: raw,
    where: where === "all" ? "all" : [where].flat(),
    for: length,
  };
}

/** What it says besides where, and for how long. */
export function chosenFaultOf(parsed: Step): Pick<FaultRequest, "fault" | "parameters" | "selection"> {
  const { match: matching, direction, leg, scope, probability, first, nth, every_nth: everyNth } = parsed;
  const [key = ""] = kindsIn(parsed);
  const fault = faultOf(key);
  if (fault === undefined || !isFaultOfLink(fault)) throw new RangeError(oneFault);
  const given = (parsed as Readonly<Record<string, unknown>>)[key] as object | null;
  const selection = { match: matching, direction, leg, scope, probability, first, nth, everyNth };
  return {
    fault,
    parameters: given ?? fault.parameters.parse({}),
    selection: Object.fromEntries(Object.entries(selection).filter(([, value]) => value !== undefined)),
  };
}
