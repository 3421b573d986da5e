/** What runs: a program of ours, a command, or an image; and when it counts as started. */
import { z } from "zod";
import { duration } from "../../../faults/units.ts";
import { whatRuns } from "../kind.ts";
import { kindKeys, kindShape } from "../kinds/registry.ts";
import { build, image, imageShape, limits } from "./image.ts";
import { eventName, http, regularExpression } from "./system.ts";
import { timekeeper } from "./timekeeper.ts";
import { bound, exactlyOne, fitting, mostCopies, port, text } from "./words.ts";

export const ready = exactlyOne(
  z.strictObject({
    port: port.optional().meta({ description: "Ready when this port accepts connections." }),
    log: eventName.optional().meta({ description: "Ready when it logs this event." }),
    line: regularExpression
      .optional()
      .meta({ description: "Ready when a line of its output matches this regular expression." }),
    http: http
      .pick({ port: true, path: true, expect: true })
      .optional()
      .meta({ description: "Ready when a GET is answered with this status." }),
    healthy: z
      .literal(true, "write true, or leave it out")
      .optional()
      .meta({ description: "Ready when the image's own health check (HEALTHCHECK) passes." }),
  }),
  ["port", "log", "line", "http", "healthy"],
  "write what readiness means: exactly one of { port: 443 }, { log: ready }, { line: started }, { http: { port: 80 } } and { healthy: true }",
);

const resolver = z.strictObject({
  timeout: bound(duration.refine((milliseconds) => milliseconds >= 1000, "write 1s or more"))
    .optional()
    .meta({ description: "For the answer of a server; by default 5s. In whole seconds, 30s at most." }),
  attempts: z
    .int("write a whole number, such as 2")
    .min(1, "write 1 or more")
    .max(5, "write 5 at most")
    .optional()
    .meta({ description: "How often all servers are asked; by default 2." }),
  rotate: z
    .boolean("write true or false")
    .optional()
    .meta({ description: "Each question begins with another server." }),
  search: z
    .array(z.string("write a domain, such as plc.test").regex(/^[a-z0-9._-]+$/, "write a domain, such as plc.test"))
    .min(1, "write at least one domain")
    .optional()
    .meta({ description: "Domains that names with few dots may be in." }),
  ndots: z
    .int("write a whole number, such as 1")
    .min(0, "write 0 or more")
    .max(15, "write 15 at most")
    .optional()
    .meta({ description: "A name with so many dots is first asked for as it is; by default 1." }),
});

/** For services that are containers of their own. */
export const keysOfImages = ["user", "volumes", "networks", "ports"] as const;

export const serviceDocument = fitting(
  z.strictObject({
    program: text.optional().meta({
      description:
        "A module that exports `main`; from the project's folder, or beside the plan if it begins with a dot.",
    }),
    command: z
      .array(bound(text))
      .min(1, "write the command and its arguments, such as [sleep, 60]")
      .optional()
      .meta({ description: "Any daemon; with `image` or `build`, instead of the image's own command." }),
    image: bound(image).optional().meta({ description: "An image, such as redis:8." }),
    build: build.optional().meta({
      description:
        "An image that is built first: a folder with a Dockerfile; from the project's folder, or beside the plan if it begins with a dot.",
    }),
    args: z.array(bound(text)).default([]).meta({ description: "Arguments, behind those of the command." }),
    subject: text.optional().meta({
      description:
        "The file that declares its guards and signals; by default `subject.yaml` beside the program, or in the folder that is built.",
    }),
    env: z.record(z.string(), bound(text)).default({}).meta({ description: "Environment variables." }),
    files: z.record(z.string(), bound(text)).default({}).meta({
      description: "Files before it starts, path and content: in its directory, or absolute in an image.",
    }),
    ready: ready.optional().meta({
      description:
        "When it has started; by default, when it logs the event `ready` (programs) or when it runs (all others).",
    }),
    restart: z
      .strictObject({ after: bound(duration) })
      .optional()
      .meta({ description: "Start it again, this long after it has ended by itself or was killed." }),
    start_timeout: bound(duration).prefault("10s").meta({ description: "It must be ready by then." }),
    stop_timeout: bound(duration).prefault("2s").meta({ description: "Between TERM and KILL." }),
    copies: z
      .int("write how many copies there are, such as 3")
      .min(1, "write 1 or more")
      .max(mostCopies, `write ${mostCopies} at most`)
      .optional()
      .meta({
        description: "So many services instead of one: node_1, node_2 and so on. `node` means all of them.",
      }),
    timekeeper: timekeeper
      .optional()
      .meta({ description: "An NTP client that sets its clock; without one, it runs as it is." }),
    ...kindShape,
    resolver: resolver.optional().meta({
      description: "How it asks the name servers that its links of proto: dns lead to, as in resolv.conf(5).",
    }),
    limits: limits.optional().meta({ description: "What it may have, from its start on." }),
    ...imageShape,
  }),
  [...whatRuns, ...kindKeys, "command"],
  `write what to run: exactly one of program, command, image and build (a command may stand beside an image), or of what is built in: ${kindKeys.join(", ")}`,
  (written) => {
    const found = [...whatRuns, ...kindKeys].filter((key) => written.has(key));
    if (found.length === 0) return written.has("command");
    return found.length === 1 && !(written.has("command") && !written.has("image") && !written.has("build"));
  },
).meta({
  id: "service",
  oneOf: [
    ...["program", ...kindKeys].map((key) => ({
      required: [key],
      ...without("command", ...keysOfImages),
      ...neverHealthy(),
    })),
    { required: ["image"] },
    { required: ["build"] },
    { required: ["command"], ...without(...whatRuns, ...kindKeys, ...keysOfImages, "limits"), ...neverHealthy() },
  ],
});

function without(...keys: readonly string[]): object {
  return { not: { anyOf: keys.map((key) => ({ required: [key] })) } };
}

function neverHealthy(): object {
  return { properties: { ready: { not: { required: ["healthy"] } } } };
}
