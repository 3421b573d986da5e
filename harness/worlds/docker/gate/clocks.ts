/** Virtual clocks of services, and who keeps them: the gate runs under the same kernel as they do, and their pages are files of their rooms. */
import { rm } from "node:fs/promises";
import { createScaledClock } from "../../../../host/real/clock.ts";
import { createVirtualClock, type VirtualClock } from "../../../../host/clock/virtual.ts";
import { createTimekeeper, type Timekeeper } from "../../timekeeper.ts";
import type { ToldByClock } from "../operations.ts";
import type { Operation } from "../pipe.ts";
import { pathsOf } from "./directories.ts";
import { operation } from "./operation.ts";

interface Steered {
  readonly clock: VirtualClock;
  readonly timekeeper: Timekeeper | undefined;
  readonly tell: (news: ToldByClock) => void;
}

export function createClockOperations(now: () => number): Readonly<Record<string, Operation>> {
  const time = createScaledClock({ scale: 1 });
  const steered = new Map<string, Steered>();
  const find = (service: string): Steered => {
    const found = steered.get(service);
    if (found === undefined) throw new Error(`${service} has no virtual clock`);
    return found;
  };
  return {
    ...operation("clock.start", async ({ service, timekeeper: duty }, { tell: send }) => {
      const tell = (news: ToldByClock): void => send(news);
      await using starting = new AsyncDisposableStack();
      const path = pathsOf(service).clock;
      await rm(path, { force: true });
      const wait = (milliseconds: number, callback: () => void): Disposable => time.timer(milliseconds, callback);
      const clock = starting.use(createVirtualClock({ path, time: time.trueTime, wait, shared: true }));
      const timekeeper =
        duty === null
          ? undefined
          : starting.use(
              createTimekeeper({
                ...duty,
                service,
                clock,
                onEvent: (event) => tell({ at: now(), event: "timekeeper.acts", service, ...event }),
                onCrash: (reason) => tell({ at: now(), event: "run.trouble", reason }),
              }),
            );
      steered.set(service, { clock, timekeeper, tell });
      starting.defer(() => void steered.delete(service));
      return { lasting: starting.move() };
    }),
    ...operation("clock.error", async ({ service }) => ({ value: find(service).clock.error() })),
    ...operation("clock.wall", async ({ service }) => ({ value: find(service).clock.wall() })),
    ...operation("clock.step", async ({ service, wall, boottime = 0 }) => find(service).clock.step({ wall, boottime })),
    ...operation("clock.pace", async ({ service, ...pace }) => find(service).clock.setPace(pace)),
    ...operation("clock.others", async ({ service, ahead }) => find(service).clock.setOthers(ahead)),
    ...operation("clock.watch", async ({ service, id, ...look }) => {
      const { clock, tell } = find(service);
      clock.onSeen(look, () => tell({ seen: id }));
    }),
    ...operation("clock.seen", async ({ service }) => ({ value: find(service).clock.wasSeen() })),
    ...operation("timekeeper.start", async ({ service }) => find(service).timekeeper?.start()),
    ...operation("timekeeper.starve", async ({ service, every }, { tell }) => {
      const lasting = await find(service).timekeeper?.target.starve(every ?? Infinity, () => tell(null));
      return { value: lasting !== undefined, lasting };
    }),
  };
}
