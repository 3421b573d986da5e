/**
 * Parameters that are addresses may be written as a link of the plan, since the addresses of a world are its own:
 *
 *     address: link:fetch      where the client of that link finds its server; the run puts the address in its place before it injects
 *     to: link:fetch           where a port belongs to the address: the server of that link, which the proxies know
 */
import { z } from "zod";

const pattern = /^link:([a-z][a-z0-9_]*)$/;

/** The link that is meant. */
export function linkIn(value: unknown): string | undefined {
  return typeof value === "string" ? pattern.exec(value)?.[1] : undefined;
}

/** Parameters of a fault that are written so: who has no plan has no links. */
export function linksAmong(
  { shape }: z.ZodObject,
  given: object | null,
): readonly (readonly [parameter: string, link: string])[] {
  return Object.entries(given ?? {}).flatMap(([name, value]: [string, unknown]) => {
    const link = linkIn(value);
    const schema = shape[name];
    return link !== undefined && schema instanceof z.ZodType && takesLink(schema) ? [[name, link] as const] : [];
  });
}

/** Whether a parameter is an address that may be written so: it takes a link, and not any text. */
export function takesLink(parameter: z.ZodType): boolean {
  return parameter.safeParse("link:fetch").success && !parameter.safeParse("any text").success;
}

/** Whether it is the place where the client of that link finds its server: an address without a port. */
export function takesDoor(parameter: z.ZodType): boolean {
  return takesLink(parameter) && parameter.safeParse("198.18.0.1").success;
}
