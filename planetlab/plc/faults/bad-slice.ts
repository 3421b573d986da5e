import { z } from "zod";
import type { ToldSlice } from "../told.ts";
import { plcFault } from "./contract.ts";
import { changeOne } from "./slice.ts";

const nonsense: Readonly<Record<string, (slice: ToldSlice) => Partial<ToldSlice>>> = {
  name: ({ name }) => ({ name: `../${String(name)}` }),
  id: () => ({ id: "many" }),
  expiry: () => ({ expiry: "never" }),
  rspec: ({ rspec }) => ({ rspec: { ...rspec, nm_cpu_share: "NaN" } }),
  instantiation: () => ({ instantiation: "perhaps" }),
};

export const badSlice = plcFault({
  kind: "plc.bad-slice",
  parameters: z.strictObject({ field: z.enum(Object.keys(nonsense)).default("expiry"), slice: z.string().optional() }),
  begin: ({ field, slice: wanted }, { hit }) => ({
    slices: (slices) =>
      changeOne(
        slices,
        wanted,
        (slice) => ({ ...slice, ...nonsense[field]?.(slice) }),
        ({ name }) => hit({ slice: name, field }),
      ),
  }),
});
