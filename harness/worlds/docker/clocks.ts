/** The virtual clock of a service in a container, and its timekeeper, as the harness steers them: both are in the gate. */
import { z } from "zod";
import type { TimekeeperTarget } from "../../../faults/timekeeper/contract.ts";
import type { RecordEvent } from "../../history/event.ts";
import { createClockTarget, type SteeredTarget } from "../clock.ts";
import type { TimekeeperDuty } from "../timekeeper.ts";
import type { GateClient } from "./gate-client.ts";
import { toldByClock } from "./operations.ts";

export interface RemoteClock extends AsyncDisposable {
  readonly steered: SteeredTarget;
  /** Undefined if it has none. */
  readonly timekeeper: TimekeeperTarget | undefined;
  /** A life of the service has begun. */
  began(): Promise<void>;
  offset(): Promise<number>;
  wasSeen(): Promise<boolean>;
}

export interface RemoteClockOptions {
  readonly service: string;
  readonly gate: GateClient;
  readonly duty: TimekeeperDuty | undefined;
  readonly record: RecordEvent;
}

export async function startRemoteClock({ service, gate, duty, record }: RemoteClockOptions): Promise<RemoteClock> {
  const watchers = new Map<number, () => void>();
  let watches = 0;
  const started = await gate.hold(
    "clock.start",
    { service, timekeeper: duty === undefined ? null : { ...duty, addresses: [...duty.addresses] } },
    (news) => {
      const told = toldByClock.parse(news);
      if (!("seen" in told)) {
        const { at, ...happening } = told;
        record(happening, gate.toHarness(at));
        return;
      }
      watchers.get(told.seen)?.();
      watchers.delete(told.seen);
    },
  );
  const error = async (): Promise<number> => z.number().parse(await gate.ask("clock.error", { service }));
  return {
    steered: createClockTarget({
      error,
      wall: async () => z.number().parse(await gate.ask("clock.wall", { service })),
      step: async (by) => void (await gate.ask("clock.step", { service, ...by })),
      setPace: async (pace) => void (await gate.ask("clock.pace", { service, ...pace })),
      setOthers: async (ahead) => void (await gate.ask("clock.others", { service, ahead })),
      onSeen({ at, by = "anybody" }, callback) {
        const id = watches++;
        watchers.set(id, callback);
        gate.tell("clock.watch", { service, id, at, by });
      },
    }),
    timekeeper:
      duty === undefined
        ? undefined
        : {
            starve: (every, onHeld) =>
              gate.holdIf("timekeeper.starve", { service, every: every === Infinity ? null : every }, onHeld),
          },
    began: async () => void (await gate.ask("timekeeper.start", { service })),
    offset: error,
    wasSeen: async () => z.boolean().parse(await gate.ask("clock.seen", { service })),
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}
