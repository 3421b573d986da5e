/** What the API says of itself (PLC/Methods/system). */
import { createIntrospection } from "../../introspection.ts";
import type { PlcCall } from "./contract.ts";
import { PlcFault } from "./fault.ts";

export function systemCalls(others: readonly PlcCall[]): readonly PlcCall[] {
  const helps = new Map(others.map(({ method, help }) => [method, `${method}${help}`]));
  return [...createIntrospection(helps)].map(([method, introspect]) => ({
    method,
    help: "",
    roles: ["anybody"],
    params: method === "system.listMethods" ? [0, 0] : [1, 1],
    answer({ params }) {
      const told = introspect(params);
      const [about] = params;
      if (told === undefined)
        throw new PlcFault(100, typeof about === "string" ? about.slice(0, 100) : "that has no name");
      return told;
    },
  }));
}
