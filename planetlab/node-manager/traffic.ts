/**
 * What slices send and receive by TCP, as SliceStat tells it. Nobody looks before somebody has asked; from then on, once a second, until nobody has asked for a quarter of an hour.
 *
 *     query, query ──► watch ──► host.processes.traffic() ──► meters ──► averages
 *                       ▲  │
 *                       └──┘ once a second
 *
 * So a connection that lives for longer than that is counted with every byte, and of one that is shorter nothing, unless a look meets it.
 */
import type { Child, GroupTraffic, Host, Log, TrafficCounter } from "../../host/host.ts";
import { createAverages, type Totals } from "./averages.ts";
import type { Config } from "./config.ts";
import { createMeters } from "./meters.ts";

export interface SliceTraffic {
  /** Of connections that were seen since somebody asked first. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** kbit/s, over the last 1, 5 and 15 minutes. */
  readonly sentKbps: readonly number[];
  readonly receivedKbps: readonly number[];
}

export interface Traffic extends Disposable {
  /** Looks, and goes on to look. If the machine does not tell, the log says so, and slices send and receive nothing. */
  ask(): Promise<(slice: string) => SliceTraffic>;
}

const everyMs = 1000;
const watchMs = 900_000;
const nothing: GroupTraffic = { sentBytes: 0, receivedBytes: 0, pastSentBytes: 0, pastReceivedBytes: 0 };

interface TrafficOptions {
  readonly log: Log;
  /** The groups that run now. */
  readonly groups: () => ReadonlyMap<string, Child | undefined>;
}

export function createTraffic(host: Host, config: Pick<Config, "guards">, { log, groups }: TrafficOptions): Traffic {
  const sent = createDirection(config, "sentBytes", "pastSentBytes");
  const received = createDirection(config, "receivedBytes", "pastReceivedBytes");
  let timer: Disposable | undefined;
  let disposed = false;
  let counter: Promise<TrafficCounter> | undefined;
  let asked = 0;
  let told = false;

  const tell = (error: unknown): void => {
    if (!told) log("slicestat.no-traffic", { why: String(error) });
    told = true;
  };
  const start = async (): Promise<TrafficCounter> => {
    try {
      return await host.processes.traffic();
    } catch (error) {
      // The next query tries again.
      counter = undefined;
      throw error;
    }
  };
  const look = async (): Promise<void> => {
    const at = host.clock.monotonic();
    const children = groups();
    try {
      const seen = await (await (counter ??= start())).look();
      for (const direction of [sent, received]) direction.hear(at, children, seen);
    } catch (error) {
      tell(error);
    }
  };
  const watch = (): void => {
    const goesOn = !disposed && counter !== undefined && host.clock.monotonic() - asked < watchMs;
    timer = goesOn ? host.clock.timer(everyMs, () => void look().then(watch)) : undefined;
  };

  return {
    async ask() {
      asked = host.clock.monotonic();
      await look();
      if (timer === undefined) watch();
      return (slice) => ({
        sentBytes: sent.bytes(slice),
        receivedBytes: received.bytes(slice),
        sentKbps: sent.kbps(slice),
        receivedKbps: received.kbps(slice),
      });
    },
    [Symbol.dispose]() {
      disposed = true;
      timer?.[Symbol.dispose]();
      void counter?.then((each) => each[Symbol.dispose]()).catch(() => undefined);
    },
  };
}

interface Direction {
  hear(at: number, children: ReadonlyMap<string, Child | undefined>, seen: ReadonlyMap<number, GroupTraffic>): void;
  bytes(slice: string): number;
  kbps(slice: string): readonly number[];
}

function createDirection(config: Pick<Config, "guards">, now: keyof GroupTraffic, past: keyof GroupTraffic): Direction {
  const meters = createMeters(config);
  const averages = createAverages();
  let totals: Totals = { at: 0, of: new Map() };
  return {
    hear(at, children, seen) {
      meters.keepOnly(children);
      const totalOf = (slice: string, pid: number | undefined): number => {
        const of = seen.get(pid ?? 0) ?? nothing;
        return meters.read(slice, pid, of[now], of[past]);
      };
      totals = { at, of: new Map([...children].map(([slice, child]) => [slice, totalOf(slice, child?.pid)])) };
      averages.add(totals);
    },
    bytes: (slice) => totals.of.get(slice) ?? 0,
    // Bytes in a millisecond are kB in a second.
    kbps: (slice) => averages.upTo(totals, slice).map((rate) => 8 * rate),
  };
}
