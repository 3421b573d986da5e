/** What a service is started with, in every world. */
import type { Service } from "../plan/schema.ts";

export interface Starting {
  /** Guards that it shall do without. */
  readonly without: readonly string[];
  /** Where the client of a link finds its server. */
  readonly doorOf: (link: string) => string;
}

/** Those of its subject, its own arguments, the addresses that it is told, and the guards that it shall do without. */
export function argumentsOf(
  { subject, args, told = [] }: Pick<Service, "subject" | "args" | "told">,
  { without, doorOf }: Starting,
): readonly string[] {
  return [
    ...(subject?.args ?? []),
    ...args,
    ...told.flatMap((link) => ["--link", `${link}=${doorOf(link)}`]),
    ...without.flatMap((guard) => ["--without", guard]),
  ];
}
