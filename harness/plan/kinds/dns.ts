/** Name servers: with zones of their own, as secondaries of another one, or asking another one (servers/dns). */
import { z } from "zod";
import { duration } from "../../../faults/units.ts";
import { parseMasterFile, parseRecordText } from "../../../servers/dns/master-file.ts";
import { linkOf, recordTypes, wrongAddress } from "../../../servers/dns/record.ts";
import { wrongName } from "../../../faults/dns/name.ts";
import type { NamedType, ZoneRecord } from "../../../servers/dns/record.ts";
import { problemsOfZone } from "../../../servers/dns/zone.ts";
import { bound, exactlyOne, name, text } from "../document/words.ts";
import { isRecord, listAt, recordAt, textAt } from "../raw.ts";
import type { Raw } from "../raw.ts";
import type { Written } from "../schema.ts";
import type { Path } from "../tree.ts";
import { beyondOf, checkServer, doorTo, isBeyond, portsOf, upstreamName } from "./doors.ts";
import { kind } from "./kind.ts";
import type { KindChecking, KindContext, KindProgram, Texts } from "./kind.ts";

const port = 53;
/** Queries of all copies come from the proxy. */
const oneForAll =
  ", if only that copy asks for this name: a zone tells everybody the same address; else leave the name out, so that each copy has it in its hosts file";

const link = z.strictObject({
  link: name.meta({ description: "Where the client of this link finds its server, in every world." }),
});

const one = bound(z.string("write what the name has, such as 192.0.2.1").min(1, "write what the name has"));
const several = z.union([one, z.array(one).min(1, "write at least one")]);

const nodeShape = {
  A: z.union([one, link, z.array(z.union([one, link])).min(1, "write at least one")]).optional(),
  ...Object.fromEntries(recordTypes.filter((type) => type !== "A").map((type) => [type, several.optional()])),
  ttl: bound(duration).optional().meta({ description: "How long others may keep it." }),
};

const node = z.strictObject(nodeShape).meta({
  id: "names",
  description: "What a name has, by type: as behind the type in a zone file, and TXT as it is.",
});

const domain = z.string().regex(/^(?:\*\.)?[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?$/, "write a domain, such as plc.test");

const hostName = z
  .string()
  .regex(
    /^(?:@|\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?)$/,
    "write a name, such as boot, *.sites, or @ for the zone's own",
  );

const zone = z
  .union([text, z.record(hostName, node)], "write the zone's names, or a zone file, such as ./plc.test.zone")
  .meta({
    description:
      "Its names, relative or in full; or a zone file (RFC 1035), from the project's folder, or beside the plan if it begins with a dot.",
  });

const document = exactlyOne(
  z.strictObject({
    zones: z
      .record(domain, zone)
      .optional()
      .meta({ description: "The zones that it is the authority for, by domain." }),
    zone: text.optional().meta({ description: "A zone file that says itself which zone it is: `$ORIGIN plc.test.`" }),
    secondary: z
      .strictObject({
        of: name.meta({ description: "The primary; a link of proto: dns has to lead to it." }),
        refresh: bound(duration).optional().meta({
          description: "How often to ask whether there is something new; by default what the zone's SOA says.",
        }),
        zones: z
          .array(domain)
          .min(1, "write at least one domain")
          .optional()
          .meta({ description: "Which zones; by default all of its primary." }),
      })
      .optional()
      .meta({ description: "It has its zones from another one." }),
    upstream: upstreamName(port).optional().meta({
      description:
        "A name server that it asks: a service, to which a link of proto: dns has to lead, or an address beyond the plan, such as `192.0.2.1:53`, with --no-isolation.",
    }),
    ttl: bound(duration).prefault("5m").meta({ description: "Of names that say nothing else." }),
  }),
  ["zones", "zone", "secondary", "upstream"],
  "write where it has its names from: exactly one of zones, zone, secondary and upstream",
).meta({ id: "dns" });

export const dns = kind({
  key: "dns",
  document: document.meta({ description: "A name server, on port 53, over UDP and TCP." }),
  program: "servers/dns/main.ts",

  filesIn(written) {
    const zones = Object.entries(recordAt(written, "zones")).flatMap(([origin, each]) =>
      typeof each === "string"
        ? [{ at: ["zones", origin], file: each, problemsIn: (content: string) => problemsInFile(content, origin) }]
        : [],
    );
    const single = textAt(written, "zone");
    return single === undefined
      ? zones
      : [...zones, { at: ["zone"], file: single, problemsIn: (content: string) => problemsInFile(content) }];
  },

  moved(written, move) {
    if (!isRecord(written)) return written;
    const zones = Object.entries(recordAt(written, "zones")).map(([origin, each]) => [
      origin,
      typeof each === "string" ? move(each) : each,
    ]);
    const single = textAt(written, "zone");
    return {
      ...written,
      ...(zones.length > 0 && { zones: Object.fromEntries(zones) as Raw }),
      ...(single !== undefined && { zone: move(single) }),
    };
  },

  check(written, context) {
    for (const [origin, names] of Object.entries(recordAt(written, "zones")))
      if (isRecord(names)) checkZone(origin, names, context);
    for (const { at, name: linked } of linksNamedIn(written, context.texts))
      context.known(at, "link", linked, Object.keys(context.links), oneForAll);
    const primary = textAt(recordAt(written, "secondary"), "of");
    if (primary !== undefined) checkPrimary(primary, recordAt(written, "secondary"), context);
    const upstream = textAt(written, "upstream");
    if (upstream === undefined) return;
    checkServer(upstream, "dns", ["upstream"], context);
    if (isBeyond(upstream)) checkAskers(upstream, context);
  },

  toProgram(written, context): KindProgram {
    const listen = portsOf(context, port).flatMap((each) => ["--listen", String(each)]);
    const { secondary, upstream } = written;
    if (secondary !== undefined) {
      const door = doorTo(secondary.of, "dns", port, context);
      const zones = secondary.zones ?? zonesOf(secondary.of, context);
      const refresh = secondary.refresh === undefined ? [] : ["--refresh", `${secondary.refresh}ms`];
      const args = zones.flatMap((origin) => ["--secondary", `${origin}=${door}`]);
      return { args: [...listen, ...args, ...refresh], files: {}, zones };
    }
    if (upstream !== undefined)
      return {
        args: [...listen, "--upstream", doorTo(upstream, "dns", port, context)],
        files: {},
        zones: zonesOf(upstream, context),
        ...beyondOf(upstream),
      };
    const zones = zonesIn(written, context.textsOf(context.name));
    const files = Object.fromEntries(zones.map(({ origin, content }) => [`${origin}.zone`, content]));
    const told = zones.flatMap(({ origin, content }) => linksIn(parseMasterFile(content, origin).records));
    return {
      args: [...listen, ...zones.flatMap(({ origin }) => ["--zone", `${origin}=${origin}.zone`])],
      files,
      told: [...new Set(told)],
      zones: zones.map(({ origin }) => origin),
    };
  },
});

type Document = z.output<typeof document>;

function problemsInFile(
  content: string,
  origin?: string,
): readonly { readonly line: number; readonly message: string }[] {
  const { origin: own, records, problems } = parseMasterFile(content, origin);
  if (problems.length > 0) return problems;
  return problemsOfZone(origin ?? own ?? "", records).map(({ message }) => ({ line: 1, message }));
}

/** Names may be written in full: what ends with the zone's own name is. */
function absolute(written: string, origin: string): string {
  if (written === "@") return origin;
  return written === origin || written.endsWith(`.${origin}`) ? written : `${written}.${origin}`;
}

function checkZone(origin: string, names: Raw, { complain }: KindChecking): void {
  const records: { readonly type: string; readonly name: string; readonly at: Path }[] = [];
  for (const [written, has] of Object.entries(names)) {
    const at: Path = ["zones", origin, written];
    const full = absolute(written, origin);
    const wrong = wrongName(full);
    if (wrong !== undefined) complain(at, wrong);
    if (!isRecord(has)) continue;
    const types = recordTypes.filter((type) => has[type] !== undefined);
    if (types.length === 0) complain(at, "write what the name has, such as A: 192.0.2.1");
    for (const type of types) {
      records.push({ type, name: full, at: [...at, type] });
      for (const { text: value, at: place } of textsOf(has[type], [...at, type])) {
        const problem = problemOf(type, value, origin);
        if (problem !== undefined) complain(place, problem);
      }
    }
    if (types.includes("CNAME") && types.length > 1)
      complain([...at, "CNAME"], `leave out CNAME, or all else: ${full} has other records as well`);
    if (types.includes("SOA") && full !== origin) complain([...at, "SOA"], 'write the SOA at "@"');
  }
}

function textsOf(written: Written | undefined, at: Path): readonly { readonly text: string; readonly at: Path }[] {
  if (typeof written === "string") return [{ text: written, at }];
  return Array.isArray(written)
    ? (written as readonly Written[]).flatMap((each, index) => textsOf(each, [...at, index]))
    : [];
}

function problemOf(type: NamedType, value: string, origin: string): string | undefined {
  // What is a parameter is read when it has its value.
  if (/^(?:\$|= )/.test(value)) return undefined;
  if (type === "TXT") return undefined;
  if (type === "A" || type === "AAAA") {
    const wrong = wrongAddress(type, value);
    return wrong === undefined || type === "AAAA"
      ? wrong
      : `write an IPv4 address, such as 192.0.2.1, or { link: fetch }, not ${value}`;
  }
  const parsed = parseRecordText(type, value, origin);
  return "problem" in parsed ? parsed.problem : undefined;
}

/** Those of names, and of zone files. */
function linksNamedIn(written: Written, texts: Texts): readonly { readonly at: Path; readonly name: string }[] {
  const linked = (value: Written | undefined, at: Path): readonly { readonly at: Path; readonly name: string }[] => {
    if (Array.isArray(value))
      return (value as readonly Written[]).flatMap((each, index) => linked(each, [...at, index]));
    const named = textAt(value, "link");
    return named === undefined ? [] : [{ at: [...at, "link"], name: named }];
  };
  const inNames = Object.entries(recordAt(written, "zones")).flatMap(([origin, names]) =>
    isRecord(names)
      ? Object.entries(names).flatMap(([each, has]) =>
          linked(recordAt({ has }, "has")["A"], ["zones", origin, each, "A"]),
        )
      : [],
  );
  const inFile = (file: string | undefined, at: Path, origin?: string) =>
    (file === undefined ? [] : linksIn(parseMasterFile(texts[file] ?? "", origin).records)).map((each) => ({
      at,
      name: each,
    }));
  const inFiles = Object.entries(recordAt(written, "zones")).flatMap(([origin, file]) =>
    typeof file === "string" ? inFile(file, ["zones", origin], origin) : [],
  );
  return [...inNames, ...inFiles, ...inFile(textAt(written, "zone"), ["zone"])];
}

function linksIn(records: readonly ZoneRecord[]): readonly string[] {
  return [...new Set(records.flatMap((record) => linkOf(record) ?? []))];
}

function checkPrimary(primary: string, written: Raw, context: KindChecking): void {
  checkServer(primary, "dns", ["secondary", "of"], context);
  const server = context.services[primary];
  if (!isRecord(server)) return;
  const document = recordAt(server, "dns");
  const known =
    "dns" in server
      ? [...Object.keys(recordAt(document, "zones")), ...listAt(recordAt(document, "secondary"), "zones")]
      : [];
  if (listAt(written, "zones").length > 0 || known.length > 0 || "zone" in document || "secondary" in document) return;
  context.complain(["secondary"], `write zones, such as zones: [plc.test]: nothing says which ones ${primary} has`);
}

/** A resolv.conf leads to port 53 alone, and only namespaces and containers have either; neither of them leads beyond the plan. */
function checkAskers(upstream: string, { name: own, links, complain }: KindChecking): void {
  for (const [link, each] of Object.entries(links)) {
    if (!isRecord(each) || each["to"] !== own || each["proto"] !== "dns" || (each["port"] ?? port) !== port) continue;
    const word = `$SINBIN_LINK_${link.toUpperCase()}`;
    complain(
      ["upstream"],
      `write another port than ${port} for ${link}, such as port: 5353, and let ${textAt(each, "from") ?? "its client"} ask ${word}_HOST at ${word}_PORT: ${upstream} is beyond the plan, which runs with --no-isolation only, where a resolv.conf of its own and port ${port} can't be had`,
    );
  }
}

/** The domains that a name server of the plan knows, by itself or from others. */
function zonesOf(server: string, context: KindContext, behind: readonly string[] = []): readonly string[] {
  const service = context.services[server] as { readonly dns?: Document | undefined } | undefined;
  if (service?.dns === undefined || behind.includes(server)) return [];
  const { secondary, upstream } = service.dns;
  const next = [...behind, server];
  if (secondary !== undefined) return secondary.zones ?? zonesOf(secondary.of, context, next);
  if (upstream !== undefined) return zonesOf(upstream, context, next);
  return zonesIn(service.dns, context.textsOf(server)).map(({ origin }) => origin);
}

interface ZoneFile {
  readonly origin: string;
  readonly content: string;
}

function zonesIn({ zones = {}, zone: single, ttl }: Document, texts: Texts): readonly ZoneFile[] {
  if (single !== undefined) {
    const content = texts[single] ?? "";
    return [{ origin: parseMasterFile(content).origin ?? "", content }];
  }
  return Object.entries(zones).map(([origin, names]) => ({
    origin,
    content: typeof names === "string" ? (texts[names] ?? "") : writeZone(origin, names as Names, ttl),
  }));
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / 1000);

type Value = string | { readonly link: string };
type Names = Readonly<Record<string, Readonly<Record<string, Value | readonly Value[] | number | undefined>>>>;

/** As a zone file, which is what the program reads. */
function writeZone(origin: string, names: Names, ttlMs: number): string {
  const hasSoa = Object.entries(names).some(
    ([written, has]) => absolute(written, origin) === origin && has["SOA"] !== undefined,
  );
  const lines = Object.entries(names).flatMap(([written, { ttl, ...has }]) =>
    Object.entries(has).flatMap(([type, values]) =>
      (Array.isArray(values) ? (values as readonly Value[]) : [values as Value | undefined])
        .filter((value) => value !== undefined)
        .map((value) => {
          const lasts = typeof ttl === "number" ? ` ${seconds(ttl)}` : "";
          return `${absolute(written, origin)}.${lasts} ${type} ${writeValue(type, value)}`;
        }),
    ),
  );
  const soa = hasSoa ? [] : [`@ SOA @ hostmaster 1 1h 10m 1w ${seconds(ttlMs)}`];
  return [`$ORIGIN ${origin}.`, `$TTL ${seconds(ttlMs)}`, ...soa, ...lines, ""].join("\n");
}

function writeValue(type: string, value: Value): string {
  if (typeof value !== "string") return `link:${value.link}`;
  if (type !== "TXT") return value;
  const pieces = value.match(/[\s\S]{1,255}/g) ?? [""];
  return pieces.map((piece) => `"${piece.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(" ");
}
