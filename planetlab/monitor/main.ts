/**
 * Watches a Node Manager from elsewhere: is it alive, and when did what is in its log happen?
 *
 *     --node node.test:812
 *     --every 5s                           from one look to the next
 *     --timeout 2s                         for one call, at first
 *     --patience 20m                       how long its loop may take, and its log may be silent: by default longer than a node may pause by default
 */
import type { Host } from "../../host/host.ts";
import { readFlags } from "../../host/arguments.ts";
import { client, nodeOf } from "../client.ts";
import { callOnce, type Asking } from "../agent/call.ts";
import type { XmlRpcValue } from "../xml-rpc.ts";
import { createGuards, type Guards } from "./guards.ts";
import { isAcrossStep, linesSchema, pingSchema, type Line, type Ping } from "./observation.ts";

interface Config extends Asking {
  readonly patienceMs: number;
  readonly guards: Guards;
}

/** After so many calls without an answer nobody waits any longer; each one was given twice as long as the one before. */
const mostTries = 4;
const lineCount = 20;

export const main = client(readConfig, watchForEver);

function readConfig(args: readonly string[]): Config {
  const flags = readFlags(args, ["node", "every", "timeout", "patience", "without"]);
  return {
    node: nodeOf(flags),
    everyMs: flags.duration("every", "5s"),
    timeoutMs: flags.duration("timeout", "2s"),
    patienceMs: flags.duration("patience", "20m"),
    guards: createGuards(flags.list("without")),
  };
}

async function watchForEver(host: Host, config: Config, signal: AbortSignal): Promise<void> {
  const watch = createWatch(host, config, signal);
  while (!signal.aborted) {
    await watch();
    await host.clock.sleep(config.everyMs, { signal }).catch(() => undefined);
  }
}

function createWatch(host: Host, config: Config, signal: AbortSignal): () => Promise<void> {
  const { guards, patienceMs } = config;
  const tries = guards.has("scaled-deadline") ? mostTries : 1;
  let last: Line | undefined;

  const ask = async (method: string, params: readonly XmlRpcValue[]): Promise<XmlRpcValue | undefined> => {
    for (let number = 0; number < tries && !signal.aborted; number += 1) {
      const asking = { ...config, timeoutMs: config.timeoutMs * 2 ** number };
      const reply = await callOnce(host, asking, { method, params }, signal).catch(() => undefined);
      if (reply !== undefined && "value" in reply && Array.isArray(reply.value)) return reply.value[1];
    }
    return undefined;
  };
  /** The line of the last document that was used, by which one can tell how the node is getting on. */
  const read = (lines: readonly Line[], ping: Ping): void => {
    const line = lines.findLast(({ event }) => event === "document.applied");
    if (line === undefined) return;
    let offsetMs = 0;
    if (guards.has("offset-correction")) offsetMs = ping.wall_ms - host.clock.wall();
    let flagged = false;
    if (guards.has("flag-steps")) flagged = isAcrossStep(line, ping);
    host.log("monitor.line", { ago_ms: Math.round(host.clock.wall() + offsetMs - line.wall_ms), flagged });
  };

  return async () => {
    const lines = linesSchema.safeParse(await ask("log", [lineCount]));
    const ping = pingSchema.safeParse(await ask("ping", []));
    if (signal.aborted) return;
    if (lines.success) last = lines.data.at(-1) ?? last;
    const quietMs = last === undefined ? null : Math.round(Math.abs(host.clock.wall() - last.wall_ms));
    /** What its log tells is told, and decides nothing. */
    const isSilent = quietMs === null || quietMs >= patienceMs;
    let alive = !isSilent;
    if (guards.has("ping-liveness")) alive = ping.success && ping.data.loop_age_ms < patienceMs;
    host.log("monitor.verdict", { alive, answered: ping.success, quiet_ms: quietMs, silent: isSilent });
    if (lines.success && ping.success) read(lines.data, ping.data);
  };
}
