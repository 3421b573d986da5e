/** What faults act on, on this machine: all that is not signals of the service's own process. */
import type { Limited } from "../../../faults/limits/contract.ts";
import type { Targets } from "../../../faults/targets.ts";
import { WorldError } from "../../errors.ts";
import { createOverlap } from "../overlap.ts";
import { createControl } from "./control.ts";
import { createLocalDisk } from "./disk.ts";
import { createFreezer } from "./freezer.ts";
import type { Freezer } from "./freezer.ts";
import { createOpenFilesLimit } from "./limits.ts";
import { createLoad } from "./load.ts";
import { findMarked } from "./marked.ts";
import type { Found } from "./marked.ts";
import type { LocalLife } from "./process.ts";
import { sweep } from "./sweep.ts";

export interface LocalTargetsOptions {
  readonly service: string;
  readonly run: string;
  readonly directory: string;
  readonly control: string;
  readonly journal?: string | undefined;
  readonly remembers: boolean;
  /** The life that goes on, if one does. */
  readonly life: () => Promise<(Pick<LocalLife, "pid" | "order"> & { readonly exited: Promise<unknown> }) | undefined>;
  /** The main process, from the moment it is there. */
  readonly main: () => number | undefined;
  /** Whether a pause or a signal has stopped a process. */
  readonly isHeld: (found: Found) => boolean;
  /** Whom everything leaves alone (`Marks`). */
  readonly spares?: ((found: Found) => boolean) | undefined;
}

export interface LocalTargets {
  readonly targets: Omit<Targets, "process">;
  readonly freezer: Freezer;
  /** All processes of the service. */
  readonly tree: () => readonly Found[];
  refused(what: Limited | "disk"): void;
  prepare(): Promise<void>;
  /** Resolves when the service may start: not while its disk comes back. */
  allowed(): Promise<void>;
  /** A life has begun: it is subject to all that lasts. */
  started(): Promise<void>;
  ready(): Promise<void>;
}

export function createLocalTargets(options: LocalTargetsOptions): LocalTargets {
  const { service, run, main, life, isHeld, spares } = options;
  const marks = { run, service, main, spares };
  const control = createControl(options.control);
  const freezer = createFreezer({ ...marks, isHeld });
  const load = createLoad(marks);
  const limit = createOpenFilesLimit(service);
  let comingBack: Promise<void> | undefined;

  const openFiles = createOverlap<number>(limitOpenFiles);
  const processes = createOverlap<number>((to) => control({ processes: to }));
  const disk = createLocalDisk({
    ...options,
    control,
    async whileDead(work) {
      const current = await life();
      if (current === undefined) return false;
      const back = Promise.withResolvers<void>();
      comingBack = back.promise;
      try {
        current.order();
        if (!(await sweep(marks))) throw new WorldError(`some processes of ${service} could not be killed`);
        await current.exited;
        await work();
      } finally {
        back.resolve();
      }
      return true;
    },
  });

  async function limitOpenFiles(to: number | undefined): Promise<void> {
    const current = await life();
    if (current !== undefined) await limit.set(current.pid, to);
  }

  return {
    freezer,
    tree: () => findMarked(marks),
    prepare: () => disk.prepare(),
    allowed: async () => comingBack,
    async started() {
      await freezer.include();
      await load.include();
    },
    async ready() {
      await disk.ready();
      // Not before: runtimes such as Node raise their limit when they start.
      if (openFiles.value !== undefined) await limitOpenFiles(openFiles.value);
    },
    refused(what) {
      if (what === "disk") disk.refused();
      else (what === "open-files" ? openFiles : processes).hit();
    },
    targets: {
      disk: disk.target,
      cpu: {
        async freeze() {
          const frozen = await freezer.freeze();
          return frozen && { [Symbol.asyncDispose]: async () => frozen[Symbol.dispose]() };
        },
        load: (count) => load.add(count),
      },
      limits: {
        async limit(what, to, onRefused) {
          if ((await life()) === undefined) return undefined;
          return (what === "open-files" ? openFiles : processes).add(to, onRefused);
        },
      },
    },
  };
}
