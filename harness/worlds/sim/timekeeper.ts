/** The NTP client of a simulated machine: a process beside the service's, which goes on when that ends, and begins again when it starts on a machine whose power was gone. */
import type { TimekeeperTarget } from "../../../faults/timekeeper/contract.ts";
import type { Program } from "../../../host/sim/machine.ts";
import { createStarving } from "../../timekeeper/starving.ts";
import { keepTime } from "../../timekeeper/timekeeper.ts";
import { seedOf } from "../life.ts";
import { describeCrash } from "../timekeeper.ts";
import type { SimServiceOptions } from "./service.ts";

export interface SimTimekeeper {
  /** Unless it runs, or has given up. */
  start(): void;
  readonly target: TimekeeperTarget;
}

/** Undefined if the plan gives it none. */
export function createSimTimekeeper({
  name,
  service,
  machine,
  address,
  servers,
  identity,
  world,
  host,
}: SimServiceOptions): SimTimekeeper | undefined {
  const { timekeeper } = service;
  if (timekeeper === undefined) return undefined;
  const { policy, poll: pollMs, stepout: stepoutMs, drift_file: driftFile } = timekeeper;
  const { record, seed } = world;
  const starving = createStarving(() => host.clock.monotonic());
  let running: Program | undefined;
  let gaveUp = false;
  let lives = 0;
  return {
    target: starving.target,
    start() {
      if (running !== undefined || gaveUp) return;
      const program: Program = machine.start({
        main: async (host) => {
          await keepTime(
            {
              host,
              clock: machine.clock,
              policy,
              servers,
              addresses: [address],
              ...(pollMs !== undefined && { pollMs }),
              ...(stepoutMs !== undefined && { stepoutMs }),
              ...(driftFile !== undefined && { driftFile }),
              mayAsk: () => starving.mayAsk(),
              onEvent(event) {
                if (event.what === "panic") gaveUp = true;
                record({ event: "timekeeper.acts", service: name, ...event });
              },
            },
            new AbortController().signal,
          );
          return 0;
        },
        args: [],
        seed: seedOf(seed, `${name}.timekeeper`, lives),
        log: () => {},
        identity,
        onExit(_exit, error) {
          running = undefined;
          if (error === undefined) return;
          record({ event: "run.trouble", reason: describeCrash(name, error) });
        },
      });
      running = program;
      lives += 1;
    },
  };
}
