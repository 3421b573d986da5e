/**
 * Parameters that are addresses may be written as a link of the plan, since the addresses of a world are its own:
 *
 *     address: link:fetch      where the client of that link finds its server; the run puts the address in its place before it injects
 */
import type { z } from "zod";

const pattern = /^link:([a-z][a-z0-9_]*)$/;

/** The link that is meant. */
export function linkIn(value: unknown): string | undefined {
  return typeof value === "string" ? pattern.exec(value)?.[1] : undefined;
}

/** Whether a parameter is an address that may be written so: it takes a link, and not any text. */
export function takesLink(parameter: z.ZodType): boolean {
  return parameter.safeParse("link:fetch").success && !parameter.safeParse("any text").success;
}
