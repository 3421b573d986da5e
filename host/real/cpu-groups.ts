/**
 * Shares of the CPU that the kernel keeps (cgroups(7)): a control group of a program's own, one of them for itself and one for each of those that it weighs.
 *
 *     where the program was ─┬─ …
 *                            └─ sinbin-NAME ─┬─ program     the program itself: a fifth of it, whatever the others want
 *                                            └─ children ── CHILD, CHILD, …     by their weights
 *
 * The program's own is also how others see that it is alive: of a tree in which nothing runs any more, the program was killed, and whoever comes next removes it.
 */
import { mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../error-code.ts";
import type { CpuGroups } from "../host.ts";
import { findHierarchy, type Hierarchy } from "./cgroup.ts";

/** What the program has, to what all its children have. */
const ownWeight = 25;
const childrenWeight = 100;
/** To the rest of the machine all of them weigh as much as if each had one process, up to four for each CPU: the others have to live as well. */
const processWeight = 100;
const mostProcesses = 4 * availableParallelism();
const killMs = 5000;
const pauseMs = 5;

/** `name`: the same in the next life of this program, and nobody else's. @throws {Error} that says why it can't be had. */
export async function takeCpuGroups(name: string, hierarchy: Hierarchy = findHierarchy()): Promise<CpuGroups> {
  const { base } = hierarchy;
  const tree = join(base, `sinbin-${name}`);
  const own = join(tree, "program");
  const children = join(tree, "children");

  for (const each of listTrees(base)) if (each !== tree && !isAlive(each)) unlessRefused(() => removeTree(each));
  await endTree(tree);
  try {
    enter(own);
    mkdirSync(children);
    for (const each of [base, tree, children]) hierarchy.enable(each);
    hierarchy.weigh(own, ownWeight);
    hierarchy.weigh(children, childrenWeight);
  } catch (error) {
    leave(hierarchy, tree);
    throw error;
  }
  return {
    kind: hierarchy.kind,
    place(child, weight) {
      const path = join(children, child);
      mkdirSync(path, { recursive: true });
      hierarchy.weigh(path, weight);
      hierarchy.weigh(tree, processWeight * Math.min(mostProcesses, childrenOf(children).length));
      return { entrance: join(path, "cgroup.procs") };
    },
    end: (child) => endTree(join(children, child)),
    async [Symbol.asyncDispose]() {
      await endTree(children);
      leave(hierarchy, tree);
    },
  };
}

/** Until somebody is in it, another program may take it for a dead one's and remove it. */
function enter(path: string, tries = 10): void {
  try {
    mkdirSync(path, { recursive: true });
    write(path, "cgroup.procs", process.pid);
  } catch (error) {
    if (tries === 0 || codeOf(error) !== "ENOENT") throw error;
    enter(path, tries - 1);
  }
}

/** Where the program was before, and nothing is left of its groups; as far as the kernel lets it. */
function leave(hierarchy: Hierarchy, tree: string): void {
  unlessRefused(() => {
    hierarchy.disable();
    write(hierarchy.base, "cgroup.procs", process.pid);
    removeTree(tree);
  });
}

/** What is left of a tree then does no harm, and whoever may removes it. */
function unlessRefused(tidy: () => void): void {
  try {
    tidy();
  } catch {
    return;
  }
}

/** Kills what runs in it, however fast it forks, and removes it. @throws {Error} if the kernel does not have it all ended in time. */
async function endTree(path: string): Promise<void> {
  const end = performance.now() + killMs;
  while (!removeTree(path)) {
    for (const pid of pidsIn(path)) kill(pid);
    if (performance.now() > end) throw new Error(`${path}: what runs in it can't be ended: ${pidsIn(path).join(", ")}`);
    await sleep(pauseMs);
  }
}

/** False while something runs in it. */
function removeTree(path: string): boolean {
  try {
    for (const child of childrenOf(path)) if (!removeTree(child)) return false;
    rmdirSync(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return true;
    if (codeOf(error) === "EBUSY") return false;
    throw error;
  }
}

const listTrees = (base: string): readonly string[] =>
  childrenOf(base).filter((path) => path.startsWith(join(base, "sinbin-")));
const isAlive = (path: string): boolean => pidsIn(path).length > 0;

/** All the way down; 0 is one of another PID namespace. */
function pidsIn(path: string): readonly number[] {
  const text = unlessGone("", () => readFileSync(join(path, "cgroup.procs"), "utf8"));
  return [...text.split("\n").filter(Boolean).map(Number), ...childrenOf(path).flatMap(pidsIn)];
}

function childrenOf(path: string): readonly string[] {
  const entries = unlessGone([], () => readdirSync(path, { withFileTypes: true }));
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
}

function unlessGone<Value>(otherwise: Value, look: () => Value): Value {
  try {
    return look();
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENODEV") return otherwise;
    throw error;
  }
}

function kill(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, "SIGKILL");
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

function write(path: string, file: string, value: string | number): void {
  writeFileSync(join(path, file), String(value));
}
