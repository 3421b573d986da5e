/** A real process that stands still, and one that does not. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const watchdog = fileURLToPath(new URL("watchdog.ts", import.meta.url));

function watched(body: string) {
  const code = `import { watchForEndlessTurns } from ${JSON.stringify(watchdog)};
    const alive = setInterval(() => {}, 1000);
    { using held = watchForEndlessTurns("sim", { patienceMs: 1000 }); await held.watching; ${body} }
    clearInterval(alive);
    console.log("done");`;
  return spawnSync(process.execPath, ["--input-type=module-typescript", "-e", code], {
    encoding: "utf8",
    timeout: 30_000,
    killSignal: "SIGTERM",
  });
}

test("whoever computes without end is killed, and it is said why", () => {
  const { signal, stderr } = watched("for (;;) await null;");
  expect(signal).toBe("SIGKILL");
  expect(stderr).toContain("has computed for 1 s without an end");
});

test("whoever lets others have a turn is left alone, however long it takes, and ends as ever", () => {
  const { status, stdout, stderr } = watched("await new Promise((resolve) => setTimeout(resolve, 4000));");
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "done\n", stderr: "" });
});
