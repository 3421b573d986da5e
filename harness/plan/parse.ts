/**
 * From a plan's file to a `Plan`, or to everything that is wrong with it, each problem with its place.
 *
 *     file ─include─► tree ─bind─► document ─zod─► shape ─names, files, expressions─► Plan
 *                                        └────────────┴──────────────────────────────► problems, all at once
 */
import { PlanError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import { createDrawer } from "../schedule/drawer.ts";
import { schedulePhase } from "../schedule/phase.ts";
import { bindNames, substitute } from "./bind.ts";
import type { Binding, Complain } from "./bind.ts";
import { cellsOf } from "./cells.ts";
import type { Checking } from "./check/checking.ts";
import { complainInto, keysOf, rawPhases } from "./check/checking.ts";
import { checkExpressions } from "./check/expressions.ts";
import { checkNames } from "./check/names.ts";
import { checkServices } from "./check/services.ts";
import { checkSteps } from "./check/steps.ts";
import { checkValues } from "./check/values.ts";
import { expandCopies } from "./copies.ts";
import type { Copies } from "./copies.ts";
import { planDocumentOf } from "./document/plan.ts";
import { findFiles } from "./files.ts";
import { readMerged } from "./include.ts";
import type { ReadFile } from "./include.ts";
import { problemsOf } from "./issues.ts";
import { bindPlan, cells, matrixOf, normalise, sketch } from "./normalise.ts";
import type { Sketch } from "./normalise.ts";
import { isRecord } from "./raw.ts";
import { inPlanTime } from "./real-time.ts";
import { repertoireOf } from "./repertoire.ts";
import type { Plan } from "./schema.ts";
import { placeOf, toPlain } from "./tree.ts";

export { bindPlan, cells } from "./normalise.ts";
export type { ReadFile } from "./include.ts";

/** The plan as it is bound to its first cell. @throws {PlanError} with every problem of the plan and of what it includes. */
export async function parsePlan(file: string, read: ReadFile): Promise<Plan> {
  const { tree, problems: found } = await readMerged(file, read);
  const problems: Problem[] = [...found];
  if (tree === undefined) throw new PlanError(problems);

  const plain = toPlain(tree);
  const complainAt = complainInto(problems, tree);
  const ofFiles: Problem[] = [];
  const complainOfFiles = complainInto(ofFiles, tree);
  const { document: written, copies, writtenAt, problems: miscopied } = expandCopies(isRecord(plain) ? plain : {});
  for (const { path, message } of miscopied) complainAt(path, message);
  const complain: Complain = (path, message, offset) => {
    const at = writtenAt(path, offset);
    complainAt(at.path, message, at.offset);
  };
  const { document, real } = inPlanTime(written, complain);
  const matrix = matrixOf(document["matrix"]);
  const isMatrix = Object.values(matrix.values).every((values) => Array.isArray(values));
  const binding: Binding = {
    seed: typeof document["seed"] === "number" ? document["seed"] : 1,
    cell: (isMatrix ? cellsOf(matrix)[0] : undefined) ?? {},
    params: {},
  };
  const names = bindNames(document, binding, complain);
  const bound = substitute(document, names, binding.seed, complain);
  const files = await findFiles(document, {
    fileOf: (path) => placeOf(tree, writtenAt(path).path).file,
    read,
    complain: (path, message) => complainOfFiles(writtenAt(path).path, message),
    problems: ofFiles,
  });
  const subjects = new Map(
    Object.entries(files).flatMap(([name, { subject }]) => (subject === undefined ? [] : [[name, subject]])),
  );
  const repertoire = repertoireOf(subjects.values());
  problems.push(...problemsOf(planDocumentOf(repertoire), bound, tree, (path) => writtenAt(path).path));
  const misshapen = problems.map(({ path }) => path);
  problems.push(...ofFiles);

  const phases = rawPhases(document, repertoire);
  const checking: Checking = {
    document: isRecord(bound) ? bound : {},
    names,
    services: keysOf(document, "services"),
    links: keysOf(document, "links"),
    copies,
    subjects,
    repertoire,
    textsOf: (service) => files[service]?.texts ?? {},
    phases,
    labels: new Set(
      phases.flatMap((phase) => [phase.name, ...phase.steps.map(({ name }) => name)]).filter((name) => name !== ""),
    ),
    complain,
  };
  checkNames(checking);
  checkServices(checking);
  checkSteps(checking);
  checkValues(checking);
  checkExpressions(checking);
  if (problems.length > 0) {
    // What only drawing shows is said all the same, of the steps that are right as far as they go.
    checkSchedule(sketch(document, checking, misshapen), binding, complain);
    throw new PlanError(inOrder(withoutEchoes(problems, copies), file));
  }

  const plan = normalise(document, bound, names, files);
  for (const cell of cells(plan).slice(0, cellsTried)) {
    const tried = { ...binding, cell };
    checkSchedule(bindPlan(plan, tried), tried, complain);
  }
  if (problems.length > 0) throw new PlanError(inOrder(withoutEchoes(problems, copies), file));
  return real.length === 0 ? plan : { ...plan, real };
}

/** A big matrix differs in its values, and hardly in its mistakes. */
const cellsTried = 20;

/** Draws every step once, for what only shows then: expressions of the wrong type, circles, times that nothing can keep. */
function checkSchedule(plan: Sketch, binding: Binding, complain: Checking["complain"]): void {
  const drawer = createDrawer(plan, binding);
  for (const index of plan.phases.keys()) schedulePhase(plan, index, drawer);
  for (const { at, message, offset } of drawer.complaints) complain(at, message, offset);
}

/** What is wrong with a service is wrong with all of its copies; it is said of the first. */
function withoutEchoes(problems: readonly Problem[], copies: Copies): readonly Problem[] {
  const names = [...copies.keys()];
  if (names.length === 0) return problems;
  const copy = new RegExp(String.raw`\b(${names.map((name) => RegExp.escape(name)).join("|")})_\d+\b`, "g");
  const firsts = new Map<string, Problem>();
  for (const problem of problems) {
    const { file, line, column, message } = problem;
    const key = [file, line, column, message.replaceAll(copy, "$1")].join("\n");
    if (!firsts.has(key)) firsts.set(key, problem);
  }
  return [...firsts.values()];
}

/** In the order of the text, the plan's own file first. */
function inOrder(problems: readonly Problem[], file: string): readonly Problem[] {
  const files = [...new Set([file, ...problems.map((problem) => problem.file)])];
  return problems.toSorted(
    (one, other) =>
      files.indexOf(one.file) - files.indexOf(other.file) || one.line - other.line || one.column - other.column,
  );
}
