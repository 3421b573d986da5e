/**
 * Which code of a subject runs only where a guard of it is off: every block that V8 counts in the run of a control, and in no run with all guards on.
 *
 *     node suites/unguarded.testing.ts PLANS SOURCES [EXPLAINED]  ──►  what is left, as JSON
 *
 * It is a program, since what a test loads is compiled anew.
 */
import { readFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bindCells, loadPlans, type BoundPlan } from "../harness/cli/plans.ts";
import { withoutBy } from "../harness/judge/control.ts";
import type { Control } from "../harness/plan/schema.ts";
import { isPlain } from "../planetlab/plain.testing.ts";
import { runTrial } from "../harness/run/trial.ts";
import { lackOf } from "../harness/worlds/needs.ts";
import { loadPrograms } from "../harness/worlds/sim/programs.ts";
import { createSimSetting } from "../harness/worlds/sim/setting.ts";

export interface Unguarded {
  /** Its file, below the sources, and its line. */
  readonly file: string;
  readonly line: number;
  readonly code: string;
  readonly without: string;
  readonly plan: string;
}

interface Stretch {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** By file: for each of its characters whether it has run. */
type Blocks = Map<string, Uint8Array>;

const [place = "", sources = "", known = "[]"] = process.argv.slice(2);
const explained = JSON.parse(known) as readonly (readonly [where: string, begins: string])[];
const texts = new Map<string, string>();
const textOf = (file: string): string => {
  const text = texts.get(file) ?? readFileSync(join(sources, file), "utf8");
  texts.set(file, text);
  return text;
};

process.stdout.write(JSON.stringify(await findUnguarded()));

async function findUnguarded(): Promise<readonly Unguarded[]> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

  const loaded = await loadPlans([place]);
  const programs = await loadPrograms(loaded.map(({ plan }) => plan));
  const setting = createSimSetting({ programs });
  const plans = loaded
    .filter(({ plan }) => lackOf(plan, setting) === undefined && plan.tier.sim === "commit")
    .flatMap((each) => bindCells(each, {}));

  const guarded: Blocks = new Map();
  await addBlocks(session, guarded);
  const run = async (bound: BoundPlan, blocks: Blocks, control?: Control): Promise<void> => {
    const without = control === undefined ? new Map<string, readonly string[]>() : withoutBy(control);
    await runTrial({ ...bound, without, programs, signal: new AbortController().signal });
    await addBlocks(session, blocks);
  };
  const ran: (Stretch & Pick<Unguarded, "without" | "plan">)[] = [];
  for (const bound of plans) {
    await run(bound, guarded);
    for (const control of bound.plan.controls) {
      const blocks: Blocks = new Map();
      await run(bound, blocks, control);
      const about = { without: control.without.join(", "), plan: bound.plan.plan };
      ran.push(...beyond(stretchesOf(blocks), guarded).map((each) => ({ ...each, ...about })));
    }
  }
  const found = ran.flatMap(({ without, plan, ...each }) =>
    beyond([each], guarded).map(({ file, start, end }) => {
      const text = textOf(file);
      const code = text.slice(start, end).replaceAll(/\s+/g, " ").trim();
      return { file, line: text.slice(0, start).split("\n").length, code, without, plan };
    }),
  );
  const unexplained = found.filter(({ file, code }) => /\w/.test(code) && !isPlain(code) && !isExplained(file, code));
  return [...new Map(unexplained.map((each) => [`${each.file}:${each.line} ${each.code}`, each])).values()];
}

function isExplained(file: string, code: string): boolean {
  return explained.some(([where, begins]) => file.startsWith(where) && code.startsWith(begins));
}

/** What has run since the last time. */
async function addBlocks(session: Session, blocks: Blocks): Promise<void> {
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const root = pathToFileURL(`${sources}/`).href;
  for (const { url, functions } of result) {
    if (!url.startsWith(root)) continue;
    const file = url.slice(root.length);
    const length = textOf(file).length;
    const now = new Uint8Array(length);
    // Those within others come behind them, with what they count.
    for (const { ranges } of functions)
      for (const { count, startOffset, endOffset } of ranges) now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    const before = blocks.get(file) ?? new Uint8Array(length);
    blocks.set(
      file,
      before.map((one, n) => one | (now[n] ?? 0)),
    );
  }
}

function stretchesOf(blocks: Blocks): readonly Stretch[] {
  return [...blocks].flatMap(([file, ran]) => stretchesIn(file, 0, ran.length, (n) => ran[n] === 1));
}

/** What of them has not run with all guards. */
function beyond(stretches: readonly Stretch[], guarded: Blocks): readonly Stretch[] {
  return stretches.flatMap(({ file, start, end }) => {
    const known = guarded.get(file);
    return stretchesIn(file, start, end, (n) => known?.[n] !== 1);
  });
}

function stretchesIn(file: string, from: number, to: number, isPart: (n: number) => boolean): readonly Stretch[] {
  const found: Stretch[] = [];
  let start = from;
  for (let n = from; n <= to; n += 1) {
    if (n < to && isPart(n)) continue;
    if (n > start) found.push({ file, start, end: n });
    start = n + 1;
  }
  return found;
}
