import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Labels, Listed } from "./engine.ts";
import { isOrphan, labelsOf, pidLabel, runLabel } from "./labels.ts";

const betweenLooksMs = 5;

function listed(labels: Labels): Listed {
  return { kind: "container", id: "1", name: "one", labels };
}

test("what a harness that runs has made is no orphan", () => {
  const labels = labelsOf("abc");
  expect(labels).toMatchObject({ [runLabel]: "abc", [pidLabel]: String(process.pid) });
  expect(isOrphan(listed(labels))).toBe(false);
});

test.each([
  ["when its harness has gone", ["node", "-e"]],
  // Its parent goes on, and does not look after it.
  ["when its harness is dead, and nobody has asked what became of it", ["sh", "-c", 'node -e "$0" & exec sleep 1000']],
] as const)("it is one %s", async (_when, [command, ...words]) => {
  const url = new URL("labels.ts", import.meta.url).href;
  const tell = `import(${JSON.stringify(url)}).then(({ labelsOf }) => console.log(JSON.stringify(labelsOf("abc"))))`;
  const child = spawn(command, [...words, tell], { stdio: ["ignore", "pipe", "inherit"] });
  const labels = JSON.parse(String((await once(child.stdout, "data"))[0])) as Labels;
  while (!isOrphan(listed(labels))) await sleep(betweenLooksMs);
  expect(labels[pidLabel]).toMatch(/^\d+$/);
  child.kill("SIGKILL");
});

test("another process with the same id is not taken for the harness", () => {
  const labels = { ...labelsOf("abc"), "sinbin.start": "1" };
  expect(isOrphan(listed(labels))).toBe(true);
});

test("of a harness on another machine nothing is known", () => {
  const labels = { ...labelsOf("abc"), [pidLabel]: "1", "sinbin.machine": "elsewhere 1 2" };
  expect(isOrphan(listed(labels))).toBe(false);
  expect(isOrphan(listed({ [runLabel]: "abc" }))).toBe(false);
});
