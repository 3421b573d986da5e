/**
 * The resolver plane: by what a service asks name servers, its resolv.conf(5).
 *
 *     what the plan says ──change──► what is in the file      until it is lifted; changes that overlap build upon one another
 *
 * The file is rewritten in place, and who reads it at its start only notices nothing.
 */
import type { z } from "zod";
import type { ServiceFault } from "../service.ts";

export interface ResolverTarget {
  change(change: (content: string) => string): Promise<AsyncDisposable>;
}

export type ResolverFault<Parameters extends z.ZodObject = z.ZodObject> = ServiceFault<
  "resolver",
  ResolverTarget,
  Parameters
>;

/** Checks one fault's file against the contract, its parameters' types included. */
export function resolverFault<Parameters extends z.ZodObject>(
  fault: ResolverFault<Parameters>,
): ResolverFault<Parameters> {
  return fault;
}
