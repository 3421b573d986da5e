/** Whom a step may act on. */
import type { Written } from "../schema.ts";
import { isRecord } from "../raw.ts";
import type { RawStep } from "../step.ts";
import type { Checking } from "./checking.ts";

/** What a step names; undefined if that may be any. */
export function namedIn(where: Written | undefined): readonly Written[] | undefined {
  if (Array.isArray(where)) return where as readonly Written[];
  if (isRecord(where)) {
    const list = where["one_of"] ?? where["of"];
    return Array.isArray(list) ? (list as readonly Written[]) : undefined;
  }
  return typeof where === "string" && where !== "all" ? [where] : undefined;
}

/** For a fault of a service. Where it has to say which one, that is complained of elsewhere. */
export function servicesOf({ raw }: RawStep, { services }: Checking): readonly string[] {
  const named = namedIn(raw["where"])?.filter((name) => typeof name === "string");
  return named ?? (raw["where"] === undefined && services.length > 1 ? [] : services);
}
