/** Which requests a step means. */
import { z } from "zod";
import type { HttpRequest } from "./message.ts";
import { headerOf } from "./message.ts";
import { fits } from "../pattern.ts";

export const pattern = (what: string, example: string) =>
  z.string(`write ${what}, such as ${example}`).min(1, `write ${what}, such as ${example}`);

/** The keys of `match` that choose requests. */
export const requestShape = {
  method: z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "write a method, such as GET or POST")
    .optional()
    .meta({ description: "The method, in its case." }),
  path: pattern("a path", "/xml/* (a * stands for anything)")
    .regex(/^[/*]/, "write a path that begins with / or *")
    .optional()
    .meta({
      description: "The path, without its query unless there is a ? in what is written; a * stands for anything.",
    }),
  host: pattern("a host name", "plc.test or *.test").optional().meta({
    description:
      "The host that is asked for, without its port unless there is a : in what is written; a * stands for anything.",
  }),
  header: z
    .record(z.string().min(1), pattern("a value", "curl/* (a * stands for anything)"))
    .refine((headers) => Object.keys(headers).length > 0, "write at least one header, such as { user-agent: curl/* }")
    .optional()
    .meta({ description: "Headers that it must have, such as `{ user-agent: curl/* }`." }),
  xml_rpc_method: pattern("a method of XML-RPC", "ping or Get*").optional().meta({
    description: "The method that it calls by XML-RPC; a * stands for anything. Bodies are looked at up to 1 MiB.",
  }),
};

/** What of it was written. */
export type RequestMatch = z.output<z.ZodObject<typeof requestShape>>;

/** By its head alone: all but the method of XML-RPC. */
export function matchesHead(match: RequestMatch, { method, target, headers }: HttpRequest): boolean {
  if (match.method !== undefined && match.method !== method) return false;
  if (match.path !== undefined && !fits(match.path, pathOf(target, match.path.includes("?")))) return false;
  if (
    match.host !== undefined &&
    !fits(match.host.toLowerCase(), hostOf(target, headers, match.host.includes(":")).toLowerCase())
  )
    return false;
  return Object.entries(match.header ?? {}).every(([name, value]) =>
    headers.some(([other, actual]) => other.toLowerCase() === name.toLowerCase() && fits(value, actual)),
  );
}

export function matchesMethod({ xml_rpc_method: wanted }: RequestMatch, method: string | undefined): boolean {
  return wanted === undefined || (method !== undefined && fits(wanted, method));
}

/** Whoever has more comments than this in front of it is not understood. */
const mostBytesBeforeMethod = 64 * 1024;
const comment = "<!--(?:(?!-->)[^])*-->";
const callPattern = new RegExp(
  `^\\uFEFF?(?:\\s|<\\?(?:(?!\\?>)[^])*\\?>|${comment})*<methodCall\\s*>(?:\\s|${comment})*<methodName\\s*>\\s*([^<\\s]+)\\s*</methodName`,
);

/** The method that a document calls by XML-RPC; undefined if it calls none. */
export function xmlRpcMethodOf(body: Uint8Array): string | undefined {
  const text = Buffer.from(body.subarray(0, mostBytesBeforeMethod)).toString("utf8");
  return callPattern.exec(text)?.[1];
}

function pathOf(target: string, withQuery: boolean): string {
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, "");
  return withQuery ? path : path.replace(/\?.*$/s, "");
}

function hostOf(target: string, headers: HttpRequest["headers"], withPort: boolean): string {
  const [, authority] = /^[a-z][a-z0-9+.-]*:\/\/([^/?]*)/i.exec(target) ?? [];
  const host = authority ?? headerOf(headers, "host") ?? "";
  return withPort ? host : host.replace(/:\d*$/, "");
}
