/** A run folder, read back: all that is needed to run it again, and what came of it. */
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { UsageError } from "../errors.ts";
import { eventSchema } from "../history/event.ts";
import type { HistoryEvent } from "../history/event.ts";
import type { Judgement } from "../judge/finding.ts";
import type { Plan, Written } from "../plan/schema.ts";
import { verdictSchema } from "../report/verdict.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { worldNames } from "../worlds/world.ts";

const written: z.ZodType<Written> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(written), z.record(z.string(), written)]),
);
const values = z.record(z.string(), written);

/** What `run.json` must have; it has more, for people. */
const runSchema = z.object({
  sinbin: z.string(),
  plan: z.string(),
  /** The plan's file, from the folder that the command ran in. */
  file: z.string().optional(),
  seed: z.number(),
  cell: values,
  world: z.enum(worldNames),
  without: z.record(z.string(), z.array(z.string())).default({}),
});

const occurrenceSchema = z.object({
  n: z.number(),
  at: z.number(),
  for: z.number().exactOptional(),
  kind: z.string(),
  where: z.array(z.string()),
  parameters: values,
  match: z.record(z.string(), z.unknown()),
  mayMiss: z.boolean(),
});

const triggerSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("timed") }),
  z.object({ type: z.enum(["when", "while"]), expression: z.string(), times: z.number().exactOptional() }),
  z.object({ type: z.literal("after"), edge: z.string(), delay: z.number() }),
]);

const scheduleSchema = z.object({
  plan: z.string(),
  seed: z.number(),
  cell: values,
  params: values,
  phases: z.array(
    z.object({
      name: z.string(),
      for: z.number().exactOptional(),
      until: z.string().exactOptional(),
      timeout: z.number().exactOptional(),
      steps: z.array(
        z.object({
          name: z.string(),
          trigger: triggerSchema,
          until: z.string().exactOptional(),
          occurrences: z.array(occurrenceSchema),
        }),
      ),
    }),
  ),
});

/** Written by us, and checked by the parser before that: this only finds files of another kind. */
const planShape = z.looseObject({
  plan: z.string(),
  document: values,
  services: z.record(z.string(), z.looseObject({})),
  phases: z.array(z.looseObject({ name: z.string(), faults: z.array(z.looseObject({ name: z.string() })) })),
  expect: z.array(z.looseObject({ text: z.string() })),
});

export interface RunRecord extends Judgement {
  readonly directory: string;
  readonly run: z.output<typeof runSchema>;
  readonly plan: Plan;
  readonly schedule: Schedule;
  readonly events: readonly HistoryEvent[];
}

/** @throws {UsageError} if this is no folder of a whole run, or one of a newer sinbin. */
export async function readRecord(host: Host, directory: string, version: string): Promise<RunRecord> {
  const wrong = (what: string): UsageError => new UsageError(`${directory}: ${what}`);
  const text = (name: string): Promise<string | undefined> =>
    host.files.read(`${directory}/${name}`).then(
      (bytes) => new TextDecoder().decode(bytes),
      () => undefined,
    );
  const parsed = async <Shape>(name: string, schema: z.ZodType<Shape>): Promise<Shape> => {
    const content = await text(name);
    if (content === undefined) throw wrong(`there is no ${name}: name the folder of a run, such as runs/…/drip`);
    const read = schema.safeParse(jsonOf(content));
    if (read.success) return read.data;
    const [issue] = read.error.issues;
    throw wrong(`${name} is not as sinbin writes it (${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""})`);
  };

  const { sinbin } = await parsed("run.json", z.looseObject({ sinbin: z.string() }));
  if (isNewer(sinbin, version))
    throw wrong(`this run was written by sinbin ${sinbin}, and this is ${version}: use that one, or a newer one`);
  const run = await parsed("run.json", runSchema);
  if ((await text("verdict.json")) === undefined)
    throw wrong("this run did not come to its end, so that it has no verdict: run its plan again");
  const history = (await text("history.jsonl")) ?? "";
  const lines = history.split("\n").filter((line) => line !== "");
  return {
    directory,
    run,
    plan: (await parsed("plan.json", planShape)) as unknown as Plan,
    schedule: await parsed("schedule.json", scheduleSchema),
    events: lines.map((line, index) => {
      const event = jsonOf(line);
      // As it was written, for comparisons byte by byte.
      if (eventSchema.safeParse(event).success) return event as HistoryEvent;
      throw wrong(`line ${index + 1} of history.jsonl is no event that this sinbin knows`);
    }),
    ...((await parsed("verdict.json", verdictSchema)) as Judgement),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Versions as numbers with dots; a run of the same minor version can be read. */
function isNewer(version: string, own: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [ownMajor = 0, ownMinor = 0] = own.split(".").map(Number);
  return major > ownMajor || (major === ownMajor && minor > ownMinor);
}
