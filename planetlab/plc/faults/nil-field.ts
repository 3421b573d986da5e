import { z } from "zod";
import type { Field } from "../told.ts";
import { plcFault } from "./contract.ts";
import { changeOne } from "./slice.ts";

const values: Readonly<Record<string, Field>> = { nil: null, empty: "", text: "soon", zero: 0, overflow: 2 ** 31 };
const fields = ["expiry", "id", "name", "instantiation"] as const;

export const nilField = plcFault({
  kind: "plc.nil-field",
  parameters: z.strictObject({
    field: z.enum(fields).default("expiry"),
    value: z.enum(Object.keys(values)).default("nil"),
    slice: z.string().optional(),
  }),
  begin: ({ field, value, slice: wanted }, { hit }) => ({
    slices: (slices) =>
      changeOne(
        slices,
        wanted,
        (slice) => ({ ...slice, [field]: values[value] ?? null }),
        ({ name }) => hit({ slice: name, field, value }),
      ),
  }),
});
