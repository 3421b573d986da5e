/** The links between services, and what is looked at. */
import { z } from "zod";
import { duration } from "../../../faults/units.ts";
import { exactlyOne, name, port } from "./words.ts";

export const eventName = z.string().min(1).meta({ description: 'The name of a structured log line: `{"event": …}`.' });

/** Where nobody says anything else, servers of these protocols are there. */
const usualPorts = new Map<string, number>([
  ["dns", 53],
  ["ntp", 123],
]);

export const linkDocument = z
  .strictObject({
    from: name.meta({ description: "The client." }),
    to: name.meta({ description: "The server." }),
    proto: z
      .enum(["tcp", "udp", "http", "https", "tls", "dns", "ntp"], "write tcp, udp, http, https, tls, dns or ntp")
      .meta({
        description:
          "What passes: `https` is HTTP in TLS, `tls` is anything else in TLS, `dns` goes over UDP and TCP, `ntp` over UDP.",
      }),
    port: port
      .optional()
      .meta({ description: "The port of the server; for `dns` 53 and for `ntp` 123 unless told otherwise." }),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]*$/, "write a host name, such as plc.test")
      .optional()
      .meta({ description: "The host name by which the client knows the server; by default the name of the server." }),
    aliases: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9.-]*$/, "write a host name, such as boot.plc.test"))
      .min(1, "write at least one name")
      .optional()
      .meta({ description: "Other names, which the server's certificate is for as well: name servers lead there." }),
  })
  .transform(({ port: written, ...link }, context) => {
    const found = written ?? usualPorts.get(link.proto);
    if (found !== undefined) return { ...link, port: found };
    context.addIssue({ code: "custom", path: ["port"], message: "write the port of the server, such as 443" });
    return z.NEVER;
  })
  .meta({ id: "link", anyOf: [{ required: ["port"] }, { properties: { proto: { enum: [...usualPorts.keys()] } } }] });

export const regularExpression = z.string().refine(isRegularExpression, {
  message: "write a regular expression of JavaScript: this one does not compile",
  abort: true,
});

function isRegularExpression(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}

export const http = z.strictObject({
  port: port,
  path: z.string().regex(/^\//, "write a path that begins with /").default("/"),
  method: z.string().default("GET"),
  body: z.string().optional(),
  expect: z
    .int()
    .min(100)
    .max(599)
    .default(200)
    .meta({ description: "The status of the reply; any other is a failed look." }),
  match: regularExpression
    .optional()
    .meta({ description: "A regular expression on the body; its first group is the value." }),
});

const sources = {
  event: eventName.optional(),
  line: regularExpression
    .optional()
    .meta({ description: "A regular expression on lines of output; its first group is the value." }),
  file: z.string().min(1).optional().meta({ description: "A file in the service's directory." }),
  http: http.optional(),
  tcp: z.strictObject({ port: port }).optional().meta({ description: "Whether a connection is accepted." }),
  field: z.string().optional().meta({ description: "Which field of the event is the value." }),
  where: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .meta({ description: "Only events whose fields have these values." }),
  match: regularExpression.optional().meta({
    description:
      "A regular expression on the file; its first group is the value, and with `as: list` those of all places.",
  }),
  json: z
    .string()
    .optional()
    .meta({ description: "The path to the value in a JSON document, such as `slivers.names`." }),
  every: duration.optional().meta({ description: "How often to look; by default once a second." }),
  as: z
    .enum(
      ["event", "bool", "int", "double", "string", "list", "duration"],
      "write event, bool, int, double, string, list or duration",
    )
    .meta({ description: "The type of the value in expressions. An event has count, age and last." }),
};

const sourceKeys = ["event", "line", "file", "http", "tcp"];
const sourceMessage = "write where to look: exactly one of event, line, file, http and tcp";

/** A signal that a subject declares for every service that runs it. */
export const signalDocument = exactlyOne(z.strictObject(sources), sourceKeys, sourceMessage).meta({ id: "signal" });

/** A signal of the plan's own. */
export const observationDocument = exactlyOne(
  z.strictObject({ service: name, ...sources }),
  sourceKeys,
  sourceMessage,
).meta({
  id: "observation",
});
