/** What a service is started with, in every world. */
import type { Service } from "../plan/schema.ts";

/** Its own arguments, and the guards that it shall do without. */
export function argumentsOf({ args }: Pick<Service, "args">, without: readonly string[]): readonly string[] {
  return [...args, ...without.flatMap((guard) => ["--without", guard])];
}
