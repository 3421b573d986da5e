/** How much memory and CPU the engine lets a container have, changed while it runs. */
import { z } from "zod";
import { WorldError } from "../../errors.ts";
import { createOverlap } from "../overlap.ts";
import type { Container, ContainerLimits, Engine } from "./engine.ts";
import type { GateClient } from "./gate-client.ts";

export interface Resources {
  /** As `LimitsTarget` says. */
  limitMemory(to: number, onKilled: () => void): Promise<AsyncDisposable>;
  /** As `CpuTarget` says. */
  shareCpu(share: number, periodMs: number, onRunning: () => void): Promise<AsyncDisposable>;
  /** Before a life begins. */
  begins(): Promise<void>;
  began(): void;
  /** A life was killed by nobody that is known of: whether it was for its memory. */
  killed(): Promise<boolean>;
}

export interface ResourcesOptions {
  readonly service: string;
  readonly engine: Engine;
  readonly container: Container;
  readonly gate: GateClient;
  /** What the plan lets it have. */
  readonly own: ContainerLimits;
  readonly runs: () => boolean;
}

interface Quota {
  readonly share: number;
  readonly periodMs: number;
}

export function createResources({ service, engine, container, gate, own, runs }: ResourcesOptions): Resources {
  const memory = createOverlap<number>(async (to) => {
    // All that there is: an engine takes no other word for none.
    const most = own.memory ?? engine.memory;
    if (to === undefined) await container.update({ memory: most });
    else await lower(Math.min(to, most));
  });
  const quota = createOverlap<Quota>(async (wanted) => {
    const most = own.cpus ?? Infinity;
    await container.update(
      wanted === undefined ? { cpus: most } : { cpus: Math.min(wanted.share, most), cpuPeriodMs: wanted.periodMs },
    );
  });
  const waiting = new Set<() => void>();

  /** Kernels with control groups of version 1 don't take away what is in use: then it may have what it has, and no more. */
  async function lower(to: number): Promise<void> {
    let least = to;
    for (let attempt = 1; ; attempt++) {
      try {
        await container.update({ memory: least });
        return;
      } catch (error) {
        const isRefused = error instanceof WorldError && /unable to set memory limit/.test(error.message);
        if (!isRefused || attempt === mostAttempts || !runs()) throw error;
      }
      const used = inBytes.parse(await gate.ask("memory.used", { service })) ?? 0;
      least = Math.max(to, Math.ceil((used + attempt * slack) / page) * page);
    }
  }

  let watched = 0;
  let watch: Promise<AsyncDisposable> | undefined;
  /** One for all limits that overlap. */
  const startWatch = async (): Promise<AsyncDisposable> => {
    watched += 1;
    watch ??= gate.hold("memory.watch", { service }, () => memory.hit());
    const mine = watch;
    await mine;
    return {
      async [Symbol.asyncDispose]() {
        watched -= 1;
        if (watched > 0) return;
        watch = undefined;
        await (await mine)[Symbol.asyncDispose]();
      },
    };
  };

  return {
    async limitMemory(to, onKilled) {
      await using limited = new AsyncDisposableStack();
      // Begun first, since the limit alone may kill; ended first, as long as its last hits have somebody to go to.
      await using watching = new AsyncDisposableStack();
      watching.use(await startWatch());
      limited.use(await memory.add(to, onKilled));
      limited.use(watching.move());
      return limited.move();
    },
    async shareCpu(share, periodMs, onRunning) {
      await using limited = new AsyncDisposableStack();
      limited.use(await quota.add({ share, periodMs }, () => {}));
      if (runs()) onRunning();
      else waiting.add(onRunning);
      limited.defer(() => void waiting.delete(onRunning));
      return limited.move();
    },
    async begins() {
      if (memory.value !== undefined)
        await container.update({ memory: Math.min(memory.value, own.memory ?? engine.memory) });
    },
    began() {
      for (const tell of waiting) tell();
      waiting.clear();
    },
    async killed() {
      if (memory.value === undefined) return false;
      // A gate that is gone is told of elsewhere.
      return gate.ask("memory.killed", { service }).then(
        (value) => z.boolean().parse(value),
        () => false,
      );
    },
  };
}

const inBytes = z.number().nullable();
const page = 4096;
/** What it may take between being asked how much it has, and the limit. */
const slack = 1024 * 1024;
const mostAttempts = 16;
