import { z } from "zod";
import { dnsFault } from "./contract.ts";
import { addressRecord, questionOf, rcodes, soa } from "./message.ts";
import { isBelow } from "./name.ts";
import { domainName, ipAddress, optional, seconds, timeToLive, typeOf } from "./parameters.ts";

export const wildcard = dnsFault({
  plane: "dns",
  kind: "dns.wildcard",
  about:
    "Every name that is not there has an address: a site's wildcard answers what the search list of resolv.conf makes of a name (`plc.test` asked as `plc.test.site.example`), before the true name is asked. With `under` only names below that domain are there, also where the server says REFUSED, since the domain is not its own.",
  source: "RFC 1535; RFC 1536, section 1; RFC 4592; ndots of kubernetes",
  example: "{ address: 198.18.0.80, under: site.example }",
  pulse: false,
  parameters: z.strictObject({
    address: ipAddress("what they all have"),
    under: optional(
      domainName("below which domain, such as `.` for all; by default below those that the server does not refuse"),
    ),
    ttl: timeToLive("how long a cache may keep it"),
  }),
  start: () => ({}),
  after(reply, query, _state, { address, under, ttl }) {
    const asked = questionOf(query);
    const { message } = reply;
    if (asked === undefined) return undefined;
    if (under !== undefined && !isBelow(asked.name, under)) return undefined;
    // Whoever refuses knows nothing of the domain, and has no SOA; without one, and without AA, glibc takes NODATA for a lame server's.
    const zone = message.rcode === rcodes.refused ? under : undefined;
    if (zone === undefined && message.rcode !== rcodes.nxdomain) return undefined;
    const answers = asked.type === typeOf(address) ? [addressRecord(asked.name, address, seconds(ttl))] : [];
    const negative = zone === undefined ? message.authorities : [soa(zone, seconds(ttl))];
    const authorities = answers.length > 0 ? [] : negative;
    const aa = message.aa || zone !== undefined;
    return { ...reply, message: { ...message, aa, rcode: rcodes.noerror, answers, authorities } };
  },
});
