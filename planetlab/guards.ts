/** Guards of a program: checks that `--without NAME` deletes, one by one. */
import { ArgumentError } from "../host/arguments.ts";

export interface GuardsOf<Guard extends string> {
  has(guard: Guard): boolean;
}

/** @throws {ArgumentError} if a name is no guard's. */
export function guardsOf<Guard extends string>(
  meanings: Readonly<Record<Guard, string>>,
  without: readonly string[],
): GuardsOf<Guard> {
  const unknown = without.filter((name) => !Object.hasOwn(meanings, name));
  if (unknown.length > 0) {
    throw new ArgumentError(
      `--without ${unknown.join(", ")}: there is no such guard; write one of ${Object.keys(meanings).join(", ")}`,
    );
  }
  const off = new Set(without);
  return { has: (guard) => !off.has(guard) };
}
