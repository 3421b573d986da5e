/** What several faults are told. */
import { z } from "zod";
import { duration } from "../units.ts";

const nameHelp = "write a name, such as plc.test";

export function domainName(description: string) {
  return z
    .string(nameHelp)
    .regex(/^\S+$/, nameHelp)
    .transform((name) => (name === "." ? name : name.replace(/\.$/, "")))
    .meta({ title: "text", description, examples: ["elsewhere.test"] });
}

const addressHelp = "write an address, such as 198.18.0.9 or 2001:db8::9";
const v4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/;
const v6 = /^(?=.*:.*:)[0-9a-f:]{2,39}$/i;

export function ipAddress(description: string) {
  return (
    z
      .string(addressHelp)
      .refine((text) => v4.test(text) || (v6.test(text) && isIPv6(text)), addressHelp)
      // At which nobody is (RFC 5737).
      .meta({ title: "text", description, examples: ["192.0.2.9"] })
  );
}

function isIPv6(text: string): boolean {
  const [head = "", tail, ...more] = text.split("::");
  const groups = [head, tail ?? ""].flatMap((side) => (side === "" ? [] : side.split(":")));
  if (more.length > 0 || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return tail === undefined ? groups.length === 8 : groups.length < 8;
}

/** On the wire in whole seconds. */
export function timeToLive(description: string) {
  return duration.prefault("60s").meta({ description });
}

export function seconds(milliseconds: number): number {
  return Math.min(0xffff_ffff, Math.floor(milliseconds / 1000));
}

export function typeOf(address: string): "A" | "AAAA" {
  return address.includes(":") ? "AAAA" : "A";
}
