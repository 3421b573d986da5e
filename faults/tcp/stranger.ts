import { z } from "zod";
import { linkIn } from "../place.ts";
import { tcpFault } from "./contract.ts";

const help =
  "write a host and a port, such as db2.test:5432, or in a plan another link of it, such as link:next_tenant";
const place = /^(?:\[[0-9a-f:.]+\]|[^\s:[\]]+):(\d{1,5})$/i;

function isSomewhere(text: string): boolean {
  return linkIn(text) !== undefined || Number(place.exec(text)?.[1] ?? Infinity) <= 65_535;
}

export const stranger = tcpFault({
  plane: "tcp",
  kind: "tcp.stranger",
  about:
    "Somebody else has the server's address by now: a new connection comes to another server, of another link of the plan, and goes past this link's proxies of http and tls unless `leg: upstream` puts the stranger behind them. Connections that were there before stay. The other half of it is dns.renumber, which says where the server went: whoever has looked it up before speaks to the stranger, and whoever asks whom he speaks to (TLS) finds out.",
  source: "RFC 4192; RFC 2131, section 2.2; Muir 2004, 3.2",
  example: "{ to: db2.test:5432 }",
  pulse: false,
  direction: "upstream",
  only: "upstream",
  parameters: z.strictObject({
    to: z.string(help).refine(isSomewhere, help).meta({
      title: "text",
      description:
        "whose server it is: that of another link of the plan, whoever its client is; or a host with a port, which is what a proxy without a plan knows",
    }),
  }),
  start: () => ({}),
  map: (item, _state, { to }) => (item.type === "open" ? { ...item, to } : item),
});
