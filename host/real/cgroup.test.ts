/** Where control groups are found, and what their files are told. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findHierarchy } from "./cgroup.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "sinbin-cgroup-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
const mount = (root: string, point: string, type: string, options: string): string =>
  `32 31 0:29 ${root} ${point} rw,relatime shared:5 - ${type} cgroup rw,${options}`;
const textOf = (...path: readonly string[]): string => readFileSync(join(...path), "utf8");

test("version 1 has a mount for the CPU, and the program is where its own line says", () => {
  const mounts = [
    mount("/", "/sys/fs/cgroup/memory", "cgroup", "memory"),
    mount("/", "/sys/fs/cgroup/cpu,cpuacct", "cgroup", "cpu,cpuacct"),
    mount("/", "/sys/fs/cgroup/unified", "cgroup2", "nsdelegate"),
  ];
  const found = findHierarchy(mounts.join("\n"), "4:memory:/elsewhere\n2:cpu,cpuacct:/user/7\n0::/\n");
  expect(found).toMatchObject({ kind: "cgroup v1", base: "/sys/fs/cgroup/cpu,cpuacct/user/7" });
});

test("of a container whose mount is its own group, the mount is where it is", () => {
  const own = findHierarchy(mount("/docker/7", "/sys/fs/cgroup/cpu", "cgroup", "cpu"), "1:cpu:/docker/7\n");
  expect(own.base).toBe("/sys/fs/cgroup/cpu");
  const other = findHierarchy(mount("/docker/7", "/sys/fs/cgroup/cpu", "cgroup", "cpu"), "1:cpu:/\n");
  expect(other.base).toBe("/sys/fs/cgroup/cpu");
});

test("version 1 takes weights as shares, 1024 for 100, within the kernel's bounds", () => {
  const path = folder();
  const found = findHierarchy(mount("/", path, "cgroup", "cpu"), "1:cpu:/\n");
  const told = [100, 0.1, 1_000_000].map((weight) => {
    found.weigh(path, weight);
    return textOf(path, "cpu.shares");
  });
  expect(told).toEqual(["1024", "2", "262144"]);
});

test("version 2 is enabled where it is not yet, and only that is taken back, the deepest first", () => {
  const point = folder();
  const [base, tree] = [join(point, "user"), join(point, "user/tree")];
  mkdirSync(tree, { recursive: true });
  writeFileSync(join(base, "cgroup.controllers"), "cpu memory\n");
  writeFileSync(join(base, "cgroup.subtree_control"), "cpu\n");
  writeFileSync(join(tree, "cgroup.subtree_control"), "\n");
  const found = findHierarchy(mount("/", point, "cgroup2", "nsdelegate"), "0::/user\n");
  expect(found).toMatchObject({ kind: "cgroup v2", base });
  found.enable(base);
  found.enable(tree);
  expect([textOf(base, "cgroup.subtree_control"), textOf(tree, "cgroup.subtree_control")]).toEqual(["cpu\n", "+cpu"]);
  found.disable();
  expect([textOf(base, "cgroup.subtree_control"), textOf(tree, "cgroup.subtree_control")]).toEqual(["cpu\n", "-cpu"]);
  found.weigh(tree, 20_000);
  expect(textOf(tree, "cpu.weight")).toBe("10000");
});

test("what is missing is said", () => {
  expect(() => findHierarchy("", "")).toThrow("no control groups are mounted here: mount cgroup2 at /sys/fs/cgroup");
  const point = folder();
  writeFileSync(join(point, "cgroup.controllers"), "memory\n");
  expect(() => findHierarchy(mount("/", point, "cgroup2", "rw"), "0::/\n")).toThrow(
    `${point} has no cpu controller: have it delegated to this program`,
  );
});
