/**
 * An agent that asks a Node Manager for leases, one after another, for its slices by turns. It keeps the calendar itself: by its own clock, which is as
 * right as PLC's, it says when each lease that it was granted begins and ends.
 *
 *     --node node.test:812 --slices princeton_slice001,princeton_slice002
 *     --length 1m                          of a lease
 *     --every 1m                           from one begin to the next; by default the length: back to back
 *     --ahead 1m                           asks so long before a lease begins
 *     --late 10m                           or so long after
 *     --timeout 5s                         for one call
 */
import type { Host } from "../../host/host.ts";
import { readFlags } from "../../host/arguments.ts";
import { client, nodeOf } from "../client.ts";
import { callUntilAnswered, type Asking } from "../agent/call.ts";
import { isStruct } from "../xml-rpc.ts";

interface Config extends Asking {
  readonly slices: readonly string[];
  readonly lengthMs: number;
  readonly aheadMs: number;
}

interface Lease {
  readonly slice: string;
  /** By this host's wall clock. */
  readonly begin: number;
}

export const main = client(readConfig, leaseForEver);

function readConfig(args: readonly string[]): Config {
  const flags = readFlags(args, ["node", "slices", "length", "every", "ahead", "late", "timeout"]);
  const lengthMs = flags.duration("length", "1m");
  return {
    node: nodeOf(flags),
    slices: flags.text("slices", "princeton_slice001").split(","),
    lengthMs,
    everyMs: flags.given("every") ? flags.duration("every", "1m") : lengthMs,
    aheadMs: flags.given("late") ? -flags.duration("late", "10m") : flags.duration("ahead", "1m"),
    timeoutMs: flags.duration("timeout", "5s"),
  };
}

async function leaseForEver(host: Host, config: Config, signal: AbortSignal): Promise<void> {
  const { everyMs, aheadMs, slices } = config;
  const first = (Math.floor((host.clock.wall() + Math.max(0, aheadMs)) / everyMs) + 1) * everyMs;
  for (let number = 0; !signal.aborted; number += 1) {
    const lease = { slice: slices[number % slices.length] ?? "", begin: first + number * everyMs };
    await until(host, lease.begin - aheadMs, signal);
    // The next one is asked for in time, whatever becomes of this one.
    void askFor(host, config, lease, signal);
  }
}

async function askFor(host: Host, config: Config, { slice, begin }: Lease, signal: AbortSignal): Promise<void> {
  const terms = { begin: begin / 1000, length: config.lengthMs / 1000, request: `${slice} ${begin}` };
  const answer = await callUntilAnswered(host, config, () => ({ method: "lease", params: [slice, terms] }), signal);
  const lease = answer?.code === 0 && isStruct(answer.value) ? answer.value : {};
  const lengthMs = typeof lease["length"] === "number" ? lease["length"] * 1000 : undefined;
  if (lengthMs === undefined) return;
  host.log("lease.granted", { slice, asked_ms: config.lengthMs, length_ms: lengthMs });
  await until(host, begin, signal);
  if (!signal.aborted) host.log("lease.begins", { slice });
  await until(host, begin + lengthMs, signal);
  if (!signal.aborted) host.log("lease.ends", { slice });
}

/** Or until it is told to stop. */
async function until(host: Host, moment: number, signal: AbortSignal): Promise<void> {
  const milliseconds = moment - host.clock.wall();
  if (milliseconds > 0) await host.clock.sleep(milliseconds, { signal }).catch(() => undefined);
}
