/** What a service is started with, in every world. */
import type { Service } from "../plan/schema.ts";

export interface Starting {
  /** Guards that it shall do without. */
  readonly without: readonly string[];
  /** Where the client of a link finds its server. */
  readonly doorOf: (link: string) => string;
}

/** Its own arguments, the addresses that it is told, and the guards that it shall do without. */
export function argumentsOf(
  { args, told = [] }: Pick<Service, "args" | "told">,
  { without, doorOf }: Starting,
): readonly string[] {
  return [
    ...args,
    ...told.flatMap((link) => ["--link", `${link}=${doorOf(link)}`]),
    ...without.flatMap((guard) => ["--without", guard]),
  ];
}
