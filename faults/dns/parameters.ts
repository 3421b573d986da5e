/** What several faults are told. */
import { z } from "zod";
import { linkIn } from "../place.ts";
import { duration } from "../units.ts";
import { wrongName } from "./name.ts";

/** With the description that it has anyway. */
export function optional<T extends z.ZodType>(of: T) {
  return of.optional().meta({ ...of.meta() });
}

export function unlessTold(of: z.ZodType<string, string>, value: string) {
  return of.prefault(value).meta({ ...of.meta() });
}

const nameHelp = "write a name, such as plc.test";

export function domainName(description: string) {
  return z
    .string(nameHelp)
    .regex(/^\S+$/, { error: nameHelp, abort: true })
    .transform((name) => (name === "." ? name : name.replace(/\.$/, "")))
    .superRefine((name, context) => {
      const message = wrongName(name === "." ? "" : name);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .meta({ title: "text", description, examples: ["elsewhere.test"] });
}

const addressHelp = "write an address, such as 198.18.0.9 or 2001:db8::9, or a link of the plan, such as link:fetch";
const addressHelp6 = "write an IPv6 address, such as 2001:db8::9";
/** Where nobody is: RFC 5737, RFC 3849. */
const [documentation, documentation6] = ["192.0.2.9", "2001:db8::9"];
const v4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/;
const v6 = /^(?=.*:.*:)[0-9a-f:]{2,39}$/i;

/** `example`: for a fault that has two of them, which can't be the same. */
export function ipAddress(description: string, example = documentation) {
  return z
    .string(addressHelp)
    .refine((text) => v4.test(text) || isIPv6(text) || linkIn(text) !== undefined, addressHelp)
    .meta({ title: "text", description, examples: [example] });
}

export function ipv6Address(description: string) {
  return z
    .string(addressHelp6)
    .refine(isIPv6, addressHelp6)
    .meta({ title: "text", description, examples: [documentation6] });
}

function isIPv6(text: string): boolean {
  return v6.test(text) && URL.canParse(`http://[${text}]`);
}

/** However zeros and letters of IPv6 are written. */
export function isSameAddress(one: string, other: string): boolean {
  return plainAddress(one) === plainAddress(other);
}

/** RFC 5952. */
function plainAddress(text: string): string {
  return isIPv6(text) ? new URL(`http://[${text}]`).hostname : text;
}

/** On the wire in whole seconds. */
export function timeToLive(description: string) {
  return duration.prefault("60s").meta({ description });
}

export function seconds(milliseconds: number): number {
  return Math.min(0xffff_ffff, Math.floor(milliseconds / 1000));
}

/** Links of a plan have addresses of IPv4. */
export function typeOf(address: string): "A" | "AAAA" {
  return address.includes(":") && linkIn(address) === undefined ? "AAAA" : "A";
}
