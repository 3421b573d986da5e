import { z } from "zod";
import { dnsFault } from "./contract.ts";
import { addressRecord, answerTo, questionOf, resource } from "./message.ts";
import { parentOf, under } from "./name.ts";
import { ipAddress, seconds, timeToLive, unlessTold } from "./parameters.ts";

const hows = ["upwards", "no-glue", "wrong-glue", "loop"] as const;
const rootServer = "a.root-servers.net";

export const lameDelegation = dnsFault({
  plane: "dns",
  kind: "dns.lame-delegation",
  about:
    "The server that was asked does not know the zone, and refers to others: up to the root, to servers within the zone whose addresses it does not say or says wrongly, or to two zones that are served by each other. A stub resolver gets no answer and no error; one that follows goes in circles.",
  source: "RFC 1912, section 2.8; RFC 8499, section 7 (lame delegation); RFC 1034, section 4.2.1; RFC 9471",
  example: "{ how: no-glue }",
  pulse: false,
  parameters: z.strictObject({
    how: z.enum(hows, `write one of ${hows.join(", ")}`).meta({
      description:
        "upwards: to the root's servers; no-glue: to a server of a name within the zone itself; wrong-glue: with an address at which nobody serves it; loop: to a zone that is served by this one",
      examples: [...hows],
    }),
    glue: unlessTold(ipAddress("of wrong-glue"), "192.0.2.53"),
    ttl: timeToLive("how long a cache may keep it"),
  }),
  start: () => ({}),
  before(query, _state, { how, glue, ttl }) {
    const asked = questionOf(query);
    if (asked === undefined) return undefined;
    const zone = how === "upwards" ? "." : parentOf(asked.name);
    const other = under("other-zone", zone);
    const delegation = (of: string, target: string) => resource(of, "NS", seconds(ttl), { target });
    const authorities = {
      upwards: [delegation(".", rootServer)],
      "no-glue": [delegation(zone, under("ns", zone))],
      "wrong-glue": [delegation(zone, under("ns", zone))],
      loop: [delegation(zone, under("ns", other)), delegation(other, under("ns", zone))],
    }[how];
    const additionals = how === "wrong-glue" ? [addressRecord(under("ns", zone), glue, seconds(ttl))] : [];
    return {
      type: "answer",
      replies: [{ message: answerTo(query, { ra: false, authorities, additionals }), laterMs: 0 }],
    };
  },
});
