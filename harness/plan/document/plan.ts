/** A whole plan, as people write it. */
import { z } from "zod";
import { faults, type Repertoire } from "../../../faults/registry.ts";
import { duration } from "../../../faults/units.ts";
import { capabilities } from "../../worlds/capability.ts";
import { worldNames, type WorldName } from "../../worlds/world.ts";
import { expectationDocument } from "./expectations.ts";
import { mixDocument } from "./mix.ts";
import { stepDocument } from "./step.ts";
import { serviceDocument } from "./service.ts";
import { linkDocument, observationDocument } from "./system.ts";
import { bound, exactlyOne, expression, label, name, sentence, text } from "./words.ts";

const anything = z.unknown();

const tier = z.enum(["commit", "nightly"], "write commit or nightly");
export type Tier = z.output<typeof tier>;

const phaseDocument = (repertoire: Repertoire) =>
  exactlyOne(
    z.strictObject({
      name: label,
      for: bound(duration).optional().meta({ description: "How long it lasts." }),
      until: expression.optional().meta({ description: "`steady`, or a condition that ends it." }),
      timeout: bound(duration).optional().meta({ description: "The longest that `until` may take." }),
      faults: z.array(stepDocument(repertoire)).default([]),
      expect: z.array(expectationDocument).optional().meta({ description: "What must hold during this phase." }),
    }),
    ["for", "until"],
    "write how the phase ends: exactly one of for: 30s and until: steady (with a timeout)",
  ).meta({
    id: "phase",
    oneOf: [
      { required: ["for"], not: { required: ["timeout"] } },
      { required: ["until", "timeout"], not: { required: ["for"] } },
    ],
  });

const paramDocument = z
  .strictObject({
    default: anything.meta({ description: "A value with its unit, or a distribution." }),
    help: sentence.optional(),
    one_of: z.array(anything).min(1, "write at least one value").optional(),
  })
  .meta({ id: "param" });

const matrixDocument = z
  .object({
    include: z.array(z.record(name, anything)).optional(),
    exclude: z.array(z.record(name, anything)).optional(),
  })
  .catchall(z.array(anything, "write a list of values").min(1, "write at least one value"));

const controlDocument = z
  .strictObject({
    service: name,
    without: z
      .union([label, z.array(label).min(1, "write at least one guard")])
      .meta({ description: "The guard that is switched off." }),
    also: z
      .array(name)
      .optional()
      .meta({ description: "Others that do without it as well; the plain name of copies means all of them." }),
    fails: sentence.meta({
      description: "The expectation that must fail then: its name, or its text such as `never node.exited`.",
    }),
  })
  .meta({ id: "control" });

const timeDocument = z
  .strictObject({
    scale: z
      .number("write how many times as fast time runs, such as 60")
      .min(1, "write 1 or more")
      .max(100_000, "write 100000 at most")
      .default(1)
      .meta({ description: "So many seconds of the plan pass in one of the machine's; nothing changes in sim." }),
  })
  .meta({ id: "time", description: "How fast time runs, for services and the harness alike." });

const createPlanDocument = (repertoire: Repertoire) =>
  z.strictObject({
    plan: label.meta({ description: "The plan's name, such as sighup-storm-during-a-slow-fetch." }),
    about: sentence.optional().meta({ description: "What it shows, for people." }),
    seed: z
      .union([z.int().nonnegative(), z.literal("random")])
      .default(1)
      .meta({ description: "A number, or `random`." }),
    include: z.array(text).optional().meta({ description: "Files that are merged into this one." }),
    override: z.record(z.string(), anything).optional().meta({ description: "Changes to what included files set." }),
    params: z.record(name, paramDocument).default({}),
    let: z.record(name, anything).default({}).meta({ description: "Values that are drawn once for the whole run." }),
    matrix: matrixDocument.optional().meta({ description: "The plan runs once for each combination of these values." }),
    time: timeDocument.prefault({}),
    services: z.record(name, serviceDocument).default({}),
    links: z.record(name, linkDocument).default({}),
    observe: z.record(name, observationDocument).default({}),
    steady: z.array(expectationDocument).default([]).meta({ description: "What `until: steady` waits for." }),
    phases: z.array(phaseDocument(repertoire)).min(1, "write at least one phase"),
    expect: z.array(expectationDocument).default([]),
    abort: z.array(z.strictObject({ when: expression, reason: sentence.optional() })).default([]),
    controls: z.array(controlDocument).default([]),
    mix: mixDocument.optional(),
    tier: z
      .union([
        tier,
        z.strictObject({ local: tier, sim: tier, docker: tier } satisfies Record<WorldName, unknown>).partial(),
      ])
      .default("commit")
      .meta({ description: "Nightly: a run of its folder leaves it out, there or in every world; it takes long." }),
    alone: z.boolean().default(false).meta({
      description:
        "It needs all of the machine, or measures what that gives it: where time is real, no other run is beside it.",
    }),
    worlds: z
      .array(z.enum(worldNames, `write the name of a world: ${worldNames.join(", ")}`))
      .min(1)
      .default([...worldNames]),
    requires: z.array(z.enum(capabilities, `write what the plan needs: ${capabilities.join(", ")}`)).default([]),
  });

/** Of a plan that knows no faults but ours. */
export const planDocument = createPlanDocument(faults);

const documents = new WeakMap<Repertoire, typeof planDocument>([[faults, planDocument]]);

/** Made once for each repertoire: a plan is read again for each of its seeds. */
export function planDocumentOf(repertoire: Repertoire): typeof planDocument {
  const document = documents.get(repertoire) ?? createPlanDocument(repertoire);
  documents.set(repertoire, document);
  return document;
}
