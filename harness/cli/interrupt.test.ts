/** How a command ends whose output nobody reads: a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";

const script = `
  const { listenForInterrupts } = await import(${JSON.stringify(new URL("interrupt.ts", import.meta.url).href)});
  const { createLogLines } = await import(${JSON.stringify(new URL("log-lines.ts", import.meta.url).href)});
  const interrupts = listenForInterrupts();
  interrupts.goOnUnread();
  // More than a pipe holds.
  createLogLines(process.stdout)("long", { text: "x".repeat(1_000_000) });
  process.exitCode = 130;
  setImmediate(() => setImmediate(() => interrupts.done()));
`;

test("a log that nobody reads does not keep a command that is done: without that it would live for ever", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stdout.pause();
  expect(await once(child, "exit")).toEqual([130, null]);
});
