import { z } from "zod";
import { macOf } from "../../mac.ts";
import { plcFault } from "./contract.ts";

export const renumber = plcFault({
  kind: "plc.renumber",
  parameters: z.strictObject({ node: z.int(), to: z.int() }),
  begin({ node, to }, { hit, plc: { database } }) {
    const [before, after] = [database.node(node), database.node(to)];
    const interfaces = before?.interfaces ?? [];
    const macs = new Set(interfaces.map(({ mac }) => macOf(mac)));
    return {
      nodes(nodes, asked) {
        if (after === undefined || !macs.has(macOf(asked.mac))) return nodes;
        hit({ node, told: to });
        return [after, ...nodes.filter(({ id }) => id !== node && id !== to)];
      },
      node(told) {
        if (told.id === node) return { ...told, interfaces: [] };
        return told.id === to ? { ...told, hostname: before?.hostname ?? told.hostname, interfaces } : told;
      },
      slices(slices, asked) {
        if (asked.node !== node || slices.length === 0) return slices;
        hit({ node, slices: slices.length });
        return [];
      },
    };
  },
});
