/** Whom a fault of a link means: clients by their address, requests and questions by what they ask, handshakes by the name that they want. */
import { z } from "zod";
import { questionMatch } from "./dns/match.ts";
import { pattern, requestShape } from "./http/match.ts";
import { hint } from "./nearest.ts";
import { fits } from "./pattern.ts";

const wanted = "write an address, such as 10.0.0.7, or a network, such as 10.0.0.0/24";
const addresses = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

const client = z
  .string(wanted)
  .regex(/^[0-9A-Fa-f:.]+(?:\/\d{1,3})?$/, { error: wanted, abort: true })
  .refine((text) => addresses.safeParse(text).success, wanted)
  .optional()
  .meta({ description: "Clients at this address, or in this network: `10.0.0.7`, `10.0.0.0/24`, `fd00::/8`." });

export const servername = pattern("the name of a server", "plc.test or *.test")
  .optional()
  .meta({ description: "Handshakes for this server (SNI), for tls faults; a * stands for anything." });

/** Which keys belong there only the fault beside it can say (`wrongInMatch`). */
const matchOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.looseObject(shape).meta({ id: "match", additionalProperties: false });

/** Of a step of a plan, whose links have one client each. */
export const stepMatch = matchOf({ ...requestShape, ...questionMatch, servername });
export const match = matchOf({ ...requestShape, ...questionMatch, client, servername });

export type Match = z.output<typeof match>;

/** What faults of these planes choose among, and by which keys. */
const chosenBy: Readonly<Record<string, { readonly what: string; readonly keys: readonly string[] } | undefined>> = {
  http: { what: "requests", keys: Object.keys(requestShape) },
  dns: { what: "questions", keys: Object.keys(questionMatch) },
  tls: { what: "handshakes", keys: ["servername"] },
};

/** Whether there is anything that faults of the plane choose among, but for clients. */
export function hasMatch(plane: string): boolean {
  return chosenBy[plane] !== undefined;
}

/** What a fault of the plane can't be told so, and what to write; `more`: keys that it has besides those of the plane. */
export function wrongInMatch(
  plane: string,
  written: object,
  more: readonly string[] = [],
): readonly { readonly path: readonly string[]; readonly why: string }[] {
  const keys = [...(chosenBy[plane]?.keys ?? []), ...more];
  const words = `${keys.length > 1 ? "one of " : ""}${keys.join(", ")}`;
  const names = Object.keys(written);
  if (names.length === 0) return [{ path: [], why: `write ${words}` }];
  return names.flatMap((key) => {
    if (keys.includes(key)) return [];
    const other = Object.values(chosenBy).find((each) => each?.keys.includes(key) === true);
    const why =
      other === undefined
        ? `there is no key ${key} for faults of ${plane}: ${hint(key, keys)}`
        : `leave out ${key}: it is for ${other.what}, and not for faults of ${plane}: write ${words}`;
    return [{ path: [key], why }];
  });
}

/** A client that names no server wants none by name. */
export function matchesServername(wanted: string | undefined, name: string | undefined): boolean {
  return wanted === undefined || (name !== undefined && fits(wanted.toLowerCase(), name.toLowerCase()));
}
