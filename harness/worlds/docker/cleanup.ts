/** Removes what runs have left at an engine: services and containers first, since networks, volumes and configs are in use as long as they are there. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine, Listed } from "./engine.ts";
import { isOrphan, runLabel } from "./labels.ts";

/** The engine may be about to make what it was asked for by one that is no more. */
const rounds = 40;
const betweenRoundsMs = 50;
const order = ["service", "container", "network", "volume", "config"] as const;

/** All of a run. False if something would not go. */
export function removeRun(engine: Engine, run: string): Promise<boolean> {
  return removeAll(engine, () => engine.list(`${runLabel}=${run}`));
}

/** All of the runs whose harness is gone. */
export function removeOrphans(engine: Engine): Promise<boolean> {
  return removeAll(engine, async () => (await engine.list(runLabel)).filter(isOrphan));
}

/** Until nothing is found. False if something would not go. */
export async function removeAll(engine: Engine, find: () => Promise<readonly Listed[]>): Promise<boolean> {
  for (let round = 0; round < rounds; round++) {
    const found = await find();
    if (found.length === 0) return true;
    for (const kind of order)
      await Promise.allSettled(found.filter((each) => each.kind === kind).map((each) => engine.remove(each)));
    await sleep(betweenRoundsMs);
  }
  return false;
}
