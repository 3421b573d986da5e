/** What the host of a program says to its world; the history has no addresses and no paths of this machine, which differ from run to run. */
import type { Address } from "../../host/host.ts";
import { parseAddress } from "../../host/address.ts";
import type { Limited } from "../../faults/limits/contract.ts";
import type { Link } from "../plan/schema.ts";
import { tellDoor } from "./links.ts";
import type { StartedLink } from "./links.ts";
import type { Transport } from "./transport.ts";
import type { Fields } from "./service.ts";

export interface Hearing {
  readonly service: string;
  readonly links: ReadonlyMap<string, Link>;
  readonly running: ReadonlyMap<string, Pick<StartedLink, "address" | "turnedAway">>;
  /** It listens on what it takes for a natural port. */
  readonly listening?: (port: number, address: Address, transport: Transport) => void;
  /** The machine has refused it something. */
  readonly refused: (what: Limited | "disk") => void;
}

/** Returns what the history shall know of it. */
export function hear(fields: Fields, { service, links, running, listening, refused }: Hearing): Fields | undefined {
  const { event, host, port, address, limit, code } = fields;
  if (tellDoor(fields, service, links, running)) return { event, host, port };
  switch (event) {
    case "network.listening":
    case "network.bound":
      if (typeof port !== "number" || typeof address !== "string") return fields;
      listening?.(port, parseAddress(address), event === "network.bound" ? "udp" : "tcp");
      return undefined;
    case "disk.refused":
      refused("disk");
      return { event, code };
    case "limits.refused":
      if (limit === "open-files" || limit === "processes") refused(limit);
      return fields;
    default:
      return fields;
  }
}
