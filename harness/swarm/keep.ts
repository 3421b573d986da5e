/**
 * The run folder of a run that was somewhere else, as it would be if it had been here: its plan has the paths of this machine, and `run.json` says where it
 * was.
 */
import { dirname } from "node:path";
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import type { HistoryEvent } from "../history/event.ts";
import { judge } from "../judge/judge.ts";
import type { Judgement } from "../judge/judge.ts";
import type { Plan, Written } from "../plan/schema.ts";
import { verdictSchema } from "../report/verdict.ts";
import type { RunResult } from "../run/run.ts";
import { createSchedule } from "../schedule/schedule.ts";
import type { Parcel } from "./parcel.ts";

export interface Keep {
  readonly host: Host;
  readonly directory: string;
  readonly plan: Plan;
  readonly cell: Readonly<Record<string, Written>>;
  readonly seed: number;
  readonly without: ReadonlyMap<string, readonly string[]>;
  readonly world: string;
  /** What `run.json` says of how the run came about. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** @throws {Error} for a bug in the sinbin that ran. */
export async function keepRun(keep: Keep, parcel: Parcel, node: string): Promise<RunResult> {
  const { plan, about } = keep;
  if (parcel.exitCode === bug) throw new Error(`on ${node}: ${parcel.said}`);
  const files = inRunFolder(parcel);
  const verdict = files.get("verdict.json");
  if (verdict === undefined)
    return keepTrouble(keep, `sinbin on ${node} came to no verdict: ${parcel.said.trim().split("\n").at(-1) ?? ""}`);
  const ran = object.parse(JSON.parse(files.get("run.json")?.toString() ?? "{}"));
  const { file, command } = about;
  await write(
    keep,
    new Map([
      ...files,
      ["plan.json", json(plan)],
      ["run.json", json({ ...about, ...ran, file, command })],
      ...(parcel.leftOut.length === 0 ? [] : [["left-out.txt", Buffer.from(parcel.leftOut.join("\n"))] as const]),
    ]),
  );
  const judgement = verdictSchema.parse(JSON.parse(verdict.toString())) as Judgement;
  return { ...judgement, seconds: parcel.seconds, directory: keep.directory };
}

/** Of a run that never was, or of which nothing came back: all that is known of it is why. */
export async function keepTrouble(keep: Keep, reason: string): Promise<RunResult> {
  const { directory, plan, cell, seed, without, world, about } = keep;
  const events: readonly HistoryEvent[] = [
    { at: 0, event: "run.begin", plan: plan.plan, seed, world, cell: { ...cell } },
    { at: 0, event: "run.trouble", reason },
    { at: 0, event: "run.end" },
  ];
  const judgement = judge(plan, events);
  await write(
    keep,
    new Map([
      ["plan.json", json(plan)],
      ["schedule.json", json(createSchedule(plan, { seed, cell }))],
      ["run.json", json({ ...about, plan: plan.plan, seed, cell, without: Object.fromEntries(without), world })],
      ["history.jsonl", Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(""))],
      ["verdict.json", json(judgement)],
    ]),
  );
  return { ...judgement, seconds: 0, directory };
}

/** Of the exit codes, the one that is no verdict. */
const bug = 255;
const object = z.record(z.string(), z.unknown());

/** Files by their paths in the one run folder of a command: it lies in the folder of that command. */
function inRunFolder({ files }: Parcel): ReadonlyMap<string, Buffer> {
  return new Map(
    Object.entries(files).flatMap(([path, content]) => {
      const inside = path.split("/").slice(2).join("/");
      // The report is written here.
      return inside === "" || inside === "junit.xml" ? [] : [[inside, Buffer.from(content, "base64")] as const];
    }),
  );
}

async function write({ host, directory }: Keep, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of files) {
    await host.files.makeDirectory(dirname(`${directory}/${path}`));
    await using file = await host.files.open(`${directory}/${path}`, "write");
    await file.write(bytes);
  }
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
}
