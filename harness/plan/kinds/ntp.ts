/** Time servers: with the time of their host's clock, or asking another one (servers/ntp). */
import { z } from "zod";
import { duration } from "../../../faults/units.ts";
import { bound } from "../document/words.ts";
import { textAt } from "../raw.ts";
import { beyondOf, checkServer, doorTo, portsOf, upstreamName } from "./doors.ts";
import { kind } from "./kind.ts";

/** RFC 5905, section 7.3. */
const port = 123;
const highestStratum = 15;

const document = z
  .strictObject({
    stratum: z
      .int("write a whole number, such as 2")
      .min(1, "write 1 or more")
      .max(highestStratum, `write ${highestStratum} at most`)
      .optional()
      .meta({ description: "How far it says that it is from a clock; by default 1, or one more than its upstream." }),
    reference_id: z
      .string("write up to four characters, such as GPS")
      .min(1, "write up to four characters, such as GPS")
      .optional()
      .meta({ description: "What it says that its time is from: up to four characters, or an IPv4 address." }),
    root_delay: bound(duration).optional().meta({ description: "How far it says that its source is away." }),
    root_dispersion: bound(duration).optional().meta({ description: "How wrong it says that it may be." }),
    upstream: upstreamName(port).optional().meta({
      description:
        "A time server that it asks: a service, to which a link of proto: ntp has to lead, or an address beyond the plan, such as `192.0.2.1:123`, with --no-isolation.",
    }),
    poll: bound(duration).optional().meta({ description: "How often it asks; by default every 16s." }),
  })
  .meta({ id: "ntp", description: "A time server, on port 123." });

export const ntp = kind({
  key: "ntp",
  document,
  program: "servers/ntp/main.ts",

  check(written, context) {
    const upstream = textAt(written, "upstream");
    if (upstream !== undefined) checkServer(upstream, "ntp", ["upstream"], context);
    else if (typeof written === "object" && written !== null && "poll" in written)
      context.complain(["poll"], "leave out poll: it goes with upstream");
  },

  toProgram(
    { stratum, reference_id: referenceId, root_delay: delay, root_dispersion: dispersion, upstream, poll },
    context,
  ) {
    const [listen = port] = portsOf(context, port);
    const flags: Readonly<Record<string, string | undefined>> = {
      listen: String(listen),
      stratum: stratum?.toString(),
      "reference-id": referenceId,
      "root-delay": delay === undefined ? undefined : `${delay}ms`,
      "root-dispersion": dispersion === undefined ? undefined : `${dispersion}ms`,
      upstream: upstream === undefined ? undefined : doorTo(upstream, "ntp", port, context),
      poll: poll === undefined ? undefined : `${poll}ms`,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}`, value]));
    return { args, files: {}, ...beyondOf(upstream) };
  },
});
