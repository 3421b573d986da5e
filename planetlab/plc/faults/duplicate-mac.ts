import { z } from "zod";
import { macOf } from "../../mac.ts";
import { plcFault } from "./contract.ts";

export const duplicateMac = plcFault({
  kind: "plc.duplicate-mac",
  parameters: z.strictObject({ node: z.int(), other: z.int() }),
  begin({ node, other }, { hit, plc: { database } }) {
    const [first, second] = [node, other].map((id) => database.node(id));
    const mac = first?.interfaces[0]?.mac;
    return {
      node(told) {
        if (told.id !== other || mac === undefined) return told;
        hit({ node: other, mac });
        return { ...told, interfaces: told.interfaces.map((each, index) => (index === 0 ? { ...each, mac } : each)) };
      },
      // The one that was entered last comes first.
      nodes(nodes, asked) {
        if (mac === undefined || second === undefined || macOf(asked.mac) !== macOf(mac)) return nodes;
        hit({ node, mac });
        return [second, ...nodes.filter(({ id }) => id !== other)];
      },
    };
  },
});
