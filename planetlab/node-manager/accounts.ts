/**
 * What slices use, as SliceStat tells it: snapshots of all slivers at once.
 *
 *     query, query, query ──► one snapshot ──┬── host.processes.usage()
 *                                            └── traffic (traffic.ts)
 *
 * CPU time is that of all processes that a sliver ever had: those that are there, those that have ended, and those of groups before the one of now.
 */
import type { Child, GroupUsage, Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import { createMeters } from "./meters.ts";
import type { SliceTraffic, Traffic } from "./traffic.ts";

export interface SliceUsage {
  readonly name: string;
  readonly processes: number;
  readonly active: number;
  /** Since the Node Manager began. */
  readonly cpuMs: number;
  /** Of one CPU, since the snapshot before. */
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly residentBytes: number;
  readonly virtualBytes: number;
  readonly traffic: SliceTraffic;
}

export interface Snapshot {
  /** By the monotonic clock, when it was begun. */
  readonly at: number;
  readonly slices: readonly SliceUsage[];
}

export interface Accounts {
  /** One that is at most so old. */
  snapshot(mostAgeMs: number): Promise<Snapshot>;
}

/** Queries that come so closely one behind the other are a burst. */
const burstMs = 1000;
const nothing: GroupUsage = {
  processes: 0,
  active: 0,
  cpuMs: 0,
  pastCpuMs: 0,
  residentBytes: 0,
  virtualBytes: 0,
};

interface AccountsOptions {
  readonly log: Log;
  /** The groups that run now. */
  readonly groups: () => ReadonlyMap<string, Child | undefined>;
  readonly traffic: Traffic;
}

export function createAccounts(
  host: Host,
  config: Pick<Config, "guards">,
  { log, groups, traffic }: AccountsOptions,
): Accounts {
  const { guards } = config;
  const cpu = createMeters(config);
  let last: Snapshot | undefined;
  let running: { readonly at: number; readonly snapshot: Promise<Snapshot> } | undefined;

  const take = async (): Promise<Snapshot> => {
    const at = host.clock.monotonic();
    const children = groups();
    const [usage, trafficOf] = await Promise.all([host.processes.usage(), traffic.ask()]);
    cpu.keepOnly(children);
    const slices = [...children].map(([name, child]) => {
      const used = (child && usage.groups.get(child.pid)) ?? nothing;
      const { processes, active, residentBytes, virtualBytes } = used;
      const cpuMs = cpu.read(name, child?.pid, used.cpuMs, used.pastCpuMs);
      const before = last?.slices.find((slice) => slice.name === name)?.cpuMs ?? 0;
      const elapsed = last === undefined ? 0 : at - last.at;
      return {
        name,
        processes,
        active,
        cpuMs,
        cpuPercent: elapsed > 0 ? (100 * Math.max(0, cpuMs - before)) / elapsed : 0,
        memoryPercent: (100 * residentBytes) / usage.memoryBytes,
        residentBytes,
        virtualBytes,
        traffic: trafficOf(name),
      };
    });
    const sum = (of: (slice: SliceUsage) => number): number => slices.reduce((all, slice) => all + of(slice), 0);
    log("slicestat.snapshot", {
      slices: slices.length,
      processes: sum(({ processes }) => processes),
      cpu_ms: Math.round(sum(({ cpuMs }) => cpuMs)),
      sent_bytes: sum(({ traffic: { sentBytes } }) => sentBytes),
      received_bytes: sum(({ traffic: { receivedBytes } }) => receivedBytes),
    });
    last = { at, slices };
    return last;
  };
  const takeTogether = (mostAgeMs: number): Promise<Snapshot> => {
    const now = host.clock.monotonic();
    if (running !== undefined && now - running.at < Math.max(burstMs, mostAgeMs)) return running.snapshot;
    running = { at: now, snapshot: take() };
    return running.snapshot;
  };

  const takeOne = guards.has("one-snapshot-a-burst") ? takeTogether : take;
  return { snapshot: (mostAgeMs) => takeOne(guards.has("accept-old-snapshot") ? mostAgeMs : 0) };
}
