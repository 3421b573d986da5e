/** A real process that stands still, and one that does not. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const watched = fileURLToPath(new URL("fixtures/watched.ts", import.meta.url));
const hangGuardMs = 50_000;

function run(how: "spin" | "wait") {
  return spawnSync(process.execPath, [watched, how], { encoding: "utf8", timeout: hangGuardMs, killSignal: "SIGTERM" });
}

test("whoever computes without end is killed, and it is said why", () => {
  const { signal, stderr } = run("spin");
  expect(stderr).toContain("has computed for 1 s without an end");
  expect(signal).toBe("SIGKILL");
});

test("whoever lets others have a turn is left alone, however long it takes, and ends as ever", () => {
  expect(run("wait")).toMatchObject({ status: 0, stdout: "done\n", stderr: "" });
});
