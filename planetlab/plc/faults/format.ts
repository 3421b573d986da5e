import { z } from "zod";
import { sqlDate } from "../date.ts";
import type { Dialect, Field } from "../told.ts";
import { plcFault } from "./contract.ts";

/** Names that have changed in the field, one release or another (reference 2.2, F-19 and F-20). */
const formerNames = { interfaces: "networks", tagname: "name", expires: "expiry" };
/** What a reader of today's names does not know. */
const newNames = {
  node: "host",
  interfaces: "network_interfaces",
  tagname: "tag",
  expires: "expires_at",
  slivers: "slices",
};

const rates = /(_rate|_bps)$/;

const changes: Readonly<Record<string, (dialect: Dialect) => Dialect>> = {
  "newer-major": (dialect) => ({ ...dialect, format: "2.0", names: newNames }),
  "newer-minor": (dialect) => ({ ...dialect, format: "1.9" }),
  "older-major": (dialect) => ({ ...dialect, format: "0.4", names: formerNames }),
  unversioned: (dialect) => ({ ...dialect, format: undefined }),
  "renamed-element": (dialect) => ({ ...dialect, names: { slice: "sliver", slivers: "slices" } }),
  "renamed-root": (dialect) => ({ ...dialect, names: { slices: "slivers" } }),
  "renamed-field": (dialect) => ({ ...dialect, names: { expiry: "expires", interfaces: "networks", tagname: "name" } }),
  "other-type": (dialect) => ({ ...dialect, expiry: asDate }),
  "other-shape": (dialect) => ({ ...dialect, lists: "struct" }),
  "other-unit": (dialect) => ({
    ...dialect,
    expiry: (seconds) => (typeof seconds === "number" ? seconds * 1000 : seconds),
    resource: (name, value) => (rates.test(name) && typeof value === "number" ? Math.round(value / 1000) : value),
  }),
};

/** As PLC told it until September 2004 (F-18). */
function asDate(seconds: Field): Field {
  if (typeof seconds !== "number") return seconds;
  return sqlDate(seconds * 1000);
}

export const format = plcFault({
  kind: "plc.format",
  parameters: z.strictObject({ change: z.enum(Object.keys(changes)).default("newer-major") }),
  begin: ({ change }, { hit }) => ({
    dialect(dialect) {
      hit({ change });
      return changes[change]?.(dialect) ?? dialect;
    },
  }),
});
