/** Where control groups are, and how the two versions of them are spoken to (cgroups(7), kernel's Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst). */
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

/** The one that has the CPU. */
export interface Hierarchy {
  readonly kind: "cgroup v1" | "cgroup v2";
  /** The group that this program is in. */
  readonly base: string;
  /** 100 is what a group has that nobody has weighed. */
  weigh(path: string, weight: number): void;
  /** Groups in this one can be weighed. @throws {Error} */
  enable(path: string): void;
  /** Takes back all that was enabled by this. */
  disable(): void;
}

/** @throws {Error} that says what is missing. */
export function findHierarchy(
  mounts: string = readFileSync("/proc/self/mountinfo", "utf8"),
  groups: string = readFileSync("/proc/self/cgroup", "utf8"),
): Hierarchy {
  const mounted = mounts.split("\n").flatMap((line) => readMount(line) ?? []);
  const first = mounted.find(({ type, controllers }) => type === "cgroup" && controllers.includes("cpu"));
  const own = groups.split("\n").map((line) => /^\d+:(?<controllers>[^:]*):(?<path>.*)$/.exec(line)?.groups ?? {});
  const pathOf = (wanted: (controllers: readonly string[]) => boolean): string =>
    own.find(({ controllers }) => controllers !== undefined && wanted(controllers.split(",")))?.["path"] ?? "/";
  if (first !== undefined)
    return createFirst(
      baseOf(
        first,
        pathOf((all) => all.includes("cpu")),
      ),
    );
  const second = mounted.find(({ type }) => type === "cgroup2");
  if (second === undefined) throw new Error("no control groups are mounted here: mount cgroup2 at /sys/fs/cgroup");
  const base = baseOf(
    second,
    pathOf((all) => all.join() === ""),
  );
  const controllers = readFileSync(join(base, "cgroup.controllers"), "utf8").trim().split(" ");
  if (!controllers.includes("cpu")) throw new Error(`${base} has no cpu controller: have it delegated to this program`);
  return createSecond(base);
}

function createFirst(base: string): Hierarchy {
  return {
    kind: "cgroup v1",
    base,
    weigh: (path, weight) =>
      writeFileSync(join(path, "cpu.shares"), String(within(2, Math.round(weight * 10.24), 262_144))),
    enable() {},
    disable() {},
  };
}

/**
 * Of version 2 a group that has processes of its own has no groups to weigh, but for the root. So the program is in one of its own before its base is
 * enabled, and if there is anybody else in the base, the kernel refuses.
 */
function createSecond(base: string): Hierarchy {
  const enabled = new Set<string>();
  return {
    kind: "cgroup v2",
    base,
    weigh: (path, weight) => writeFileSync(join(path, "cpu.weight"), String(within(1, Math.round(weight), 10_000))),
    enable(path) {
      if (readFileSync(controlOf(path), "utf8").trim().split(" ").includes("cpu")) return;
      writeFileSync(controlOf(path), "+cpu");
      enabled.add(path);
    },
    /** Deepest first: what is enabled below can't be disabled above. */
    disable() {
      for (const path of [...enabled].toReversed()) writeFileSync(controlOf(path), "-cpu");
      enabled.clear();
    },
  };
}

const controlOf = (path: string): string => join(path, "cgroup.subtree_control");

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly controllers: readonly string[];
}

/** A line of proc_pid_mountinfo(5). */
function readMount(line: string): Mount | undefined {
  const [before = "", behind] = line.split(" - ");
  const [, , , root = "", point = ""] = before.split(" ");
  const [type = "", , options = ""] = behind?.split(" ") ?? [];
  return type.startsWith("cgroup") ? { root, point, type, controllers: options.split(",") } : undefined;
}

/** A mount may show a part of the hierarchy only, and the path counts from its root. */
function baseOf({ root, point }: Mount, path: string): string {
  const inside = relative(root, path);
  return inside.startsWith("..") ? point : join(point, inside);
}

function within(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
