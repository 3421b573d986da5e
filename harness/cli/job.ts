/**
 * `sinbin job`: carries out runs for the command that started it, one after the other, until its input ends (jobs.ts). In the local world it has namespaces
 * of its own, so that no two runs meet at an address.
 */
import { createRealHost } from "../../host/real.ts";
import { HarnessError, Interrupted, UsageError } from "../errors.ts";
import type { Isolation } from "../worlds/local/isolate.ts";
import { settingsOf } from "../worlds/settings.ts";
import { carryOut } from "./assignment.ts";
import { exitCodes } from "./exit.ts";
import { readMessages, writeMessage } from "./job-lines.ts";
import type { FromJob, Job, Orders } from "./job-lines.ts";
import { createProgressLine } from "./progress-line.ts";
import { watchForEndlessTurns } from "./watchdog.ts";

function say(message: FromJob): void {
  writeMessage(process.stdout, message);
}

export async function job(isolation: Isolation, interrupted: AbortSignal): Promise<number> {
  const host = createRealHost({ name: "sinbin", directory: process.cwd(), seed: 0 });
  const stream = { isTTY: false, columns: 0, write: (text: string) => say({ type: "progress", text }) };
  // Whoever waited for it may have been killed.
  const deserted = new AbortController();
  process.stdin.on("end", () => deserted.abort(new Interrupted("nobody waits for this")));
  const signal = AbortSignal.any([interrupted, deserted.signal]);

  using input = { [Symbol.dispose]: () => void process.stdin.destroy() };
  void input;
  const messages = readMessages<Orders | Job>(process.stdin);
  const first = await messages.next();
  if (first.done === true) throw new UsageError("job: this is what run --jobs starts, and nothing to start by itself");
  const { world, plans, of } = first.value as Orders;
  using watchdog = watchForEndlessTurns(world);
  void watchdog;
  const onProgress = (text: string): void => stream.write(`${text}\n`);
  const createSetting = await settingsOf(world, { host, isolation, plans, onProgress, signal });
  for await (const message of messages) {
    const { number, ...assignment } = message as Job;
    const progress = createProgressLine(stream, host.clock, { of, world, before: number - 1 });
    try {
      const result = await carryOut(assignment, { host, setting: createSetting(), signal, progress });
      say({ type: "done", result });
    } catch (error) {
      // The one who interrupts it, or is, has a word to say to the user.
      if (signal.aborted) return exitCodes.interrupted;
      const known = error instanceof HarnessError;
      say({ type: "failed", message: known ? error.message : String((error as Error).stack ?? error), known });
    }
    progress.end();
  }
  return exitCodes.pass;
}
