/**
 * A collector of what slices use, as CoMon was: asks a node's SliceStat again and again, several times at once if it is told to.
 *
 *     --node node.test:3100
 *     --every 5s --at-once 1
 *     --max-age 5s                         an answer may be so old, in whole seconds; by default it is to be new
 *     --weights NAME=1,NAME=2              compares the shares of the CPU that these had since the query before with their weights
 *     --timeout 5s                         for one query
 *
 * What all slices use together it says with each answer, so that somebody who knows it otherwise can compare.
 */
import type { Address, Host } from "../../host/host.ts";
import { ArgumentError, readFlags } from "../../host/arguments.ts";
import { createDeadline } from "../../host/deadline.ts";
import { request } from "../../host/http.ts";
import { readBody } from "../body.ts";
import { client, nodeOf } from "../client.ts";
import { readRows, type Row } from "./rows.ts";
import { worstShare } from "./shares.ts";
import { sumUp } from "./used.ts";

interface Config {
  readonly node: Address;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly atOnce: number;
  readonly maxAgeMs: number;
  readonly weights: ReadonlyMap<string, number>;
}

const answerLimitBytes = 1024 * 1024;

export const main = client(readConfig, collectForEver);

function readConfig(args: readonly string[]): Config {
  const flags = readFlags(args, ["node", "every", "at-once", "max-age", "weights", "timeout"]);
  return {
    node: nodeOf(flags),
    everyMs: flags.duration("every", "5s"),
    timeoutMs: flags.duration("timeout", "5s"),
    atOnce: flags.integer("at-once", 1, 1, 100),
    maxAgeMs: flags.given("max-age") ? flags.duration("max-age", "5s") : 0,
    weights: new Map(flags.text("weights", "").split(",").filter(Boolean).map(readWeight)),
  };
}

function readWeight(text: string): [string, number] {
  const { name, weight } = /^(?<name>\w+)=(?<weight>\d{1,6})$/.exec(text)?.groups ?? {};
  if (name === undefined || !(Number(weight) > 0)) throw new ArgumentError(`--weights ${text}: write NAME=2`);
  return [name, Number(weight)];
}

async function collectForEver(host: Host, config: Config, signal: AbortSignal): Promise<void> {
  let first: Answer | undefined;
  let before: Answer | undefined;
  let cpuMs = 0;
  while (!signal.aborted) {
    const answers = await Promise.all(Array.from({ length: config.atOnce }, () => ask(host, config, signal)));
    const got = answers.filter((answer) => answer !== undefined);
    host.log("collector.burst", {
      answers: got.length,
      failed: answers.length - got.length,
      slices: got[0]?.rows.length ?? 0,
      malformed: got.reduce((sum, { malformed }) => sum + malformed, 0),
      oldest_s: Math.max(0, ...got.map(({ ageSeconds }) => ageSeconds)),
    });
    const [answer] = got;
    if (answer !== undefined) {
      first ??= answer;
      // Nobody but this collector asks, so that the percentage is of the time since its answer before.
      cpuMs += (percentOf(answer) * (answer.at - (before ?? answer).at)) / 100;
      before = answer;
      host.log("collector.used", {
        least_s: Math.max(0, answer.at - first.answered) / 1000,
        most_s: (answer.answered - first.at) / 1000,
        cpu_ms: cpuMs,
        ...sumUp(answer.rows),
      });
    }
    const worst = worstShare(answer?.rows ?? [], config.weights);
    if (worst !== undefined) host.log("collector.shares", { ...worst });
    await host.clock.sleep(config.everyMs, { signal }).catch(() => undefined);
  }
}

interface Answer {
  readonly rows: readonly Row[];
  readonly malformed: number;
  readonly ageSeconds: number;
  /** When it was asked for, and when it was there, by this collector's monotonic clock. The node has looked between the two. */
  readonly at: number;
  readonly answered: number;
}

const percentOf = ({ rows }: Answer): number => rows.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0);

async function ask(host: Host, config: Config, signal: AbortSignal): Promise<Answer | undefined> {
  const { node, timeoutMs, maxAgeMs } = config;
  using deadline = createDeadline(host.clock, timeoutMs, { signal });
  const at = host.clock.monotonic();
  const headers = maxAgeMs > 0 ? { "max-age": String(Math.floor(maxAgeMs / 1000)) } : {};
  try {
    const reply = await request(host, { address: node, path: "/slicestat", headers }, deadline);
    const text = await readBody(reply.body, answerLimitBytes);
    if (reply.status !== 200) return undefined;
    return { ...readRows(text), ageSeconds: Number(reply.headers.age ?? 0), at, answered: host.clock.monotonic() };
  } catch {
    return undefined;
  }
}
