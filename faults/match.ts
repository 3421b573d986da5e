/** Whom a fault of a link means: clients by their address, requests and questions by what they ask, handshakes by the name that they want. */
import { z } from "zod";
import { questionMatch } from "./dns/match.ts";
import { pattern, requestShape } from "./http/match.ts";
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

const shape = { ...requestShape, ...questionMatch, client, servername };
const keys = Object.keys(shape);

export const match = z
  .strictObject(shape)
  .refine(
    (written) => Object.keys(written).length > 0,
    `write at least one of ${keys.slice(0, -1).join(", ")} and ${keys.at(-1)}`,
  )
  .meta({ id: "match" });

export type Match = z.output<typeof match>;

/** Which of them mean something to a fault of the plane. */
export function matchKeysOf(plane: string): readonly string[] {
  if (plane === "http") return [...Object.keys(requestShape), "client"];
  if (plane === "dns") return [...Object.keys(questionMatch), "client"];
  return plane === "tls" ? ["client", "servername"] : ["client"];
}

/** A client that names no server wants none by name. */
export function matchesServername(wanted: string | undefined, name: string | undefined): boolean {
  return wanted === undefined || (name !== undefined && fits(wanted.toLowerCase(), name.toLowerCase()));
}
