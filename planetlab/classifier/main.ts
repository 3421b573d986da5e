/**
 * Reads a Node Manager's packet dump, and nothing else, and says what is wrong with the world around it.
 *
 *     --node node.test:812
 *     --every 5s                           from one look to the next
 *     --timeout 2s                         for one call
 *     --window 1m                          what is longer ago has passed
 */
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { readFlags } from "../../host/arguments.ts";
import { callOnce, type Asking } from "../agent/call.ts";
import { client, nodeOf } from "../client.ts";
import { diagnose } from "./diagnose.ts";
import { readLine, type Line } from "./line.ts";

interface Config extends Asking {
  readonly windowMs: number;
}

const answerSchema = z.tuple([z.literal(0), z.object({ next: z.number(), lines: z.array(z.string()) })]);
/** As much as a Node Manager remembers, several times over: how things were when all was well. */
const mostLines = 3000;

export const main = client(readConfig, watchForEver);

function readConfig(args: readonly string[]): Config {
  const flags = readFlags(args, ["node", "every", "timeout", "window"]);
  return {
    node: nodeOf(flags),
    everyMs: flags.duration("every", "5s"),
    timeoutMs: flags.duration("timeout", "2s"),
    windowMs: flags.duration("window", "1m"),
  };
}

async function watchForEver(host: Host, config: Config, signal: AbortSignal): Promise<void> {
  let lines: readonly Line[] = [];
  let next = 0;
  const look = async (): Promise<void> => {
    const reply = await callOnce(host, config, { method: "dump", params: [next] }, signal);
    const { data } = answerSchema.safeParse("value" in reply ? reply.value : undefined);
    if (data === undefined) return;
    const [, told] = data;
    if (told.next < next) {
      // It has been started anew, and counts from 0.
      [lines, next] = [[], 0];
      return look();
    }
    next = told.next;
    lines = [...lines, ...told.lines.flatMap((text) => readLine(text) ?? [])].slice(-mostLines);
    host.log("diagnosis", { fault: diagnose(lines, config.windowMs) });
  };
  while (!signal.aborted) {
    await look().catch(() => undefined);
    await host.clock.sleep(config.everyMs, { signal }).catch(() => undefined);
  }
}
