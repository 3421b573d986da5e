/** A service whose lives are processes of this machine. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { ResolverTarget } from "../../../faults/resolver/contract.ts";
import { WorldError } from "../../errors.ts";
import type { SteeredTarget } from "../clock.ts";
import type { Timekeeper } from "../timekeeper.ts";
import { createService } from "../service.ts";
import type { ServiceOptions, SupervisedService } from "../service.ts";
import { startLife } from "./process.ts";
import type { LocalLife } from "./process.ts";
import { createLocalTargets } from "./targets.ts";
import { targetsOf } from "./wire/targets.ts";
import type { Befall } from "./wire/wire.ts";

type Made = "startLife" | "readFile" | "newsOfEnds" | "targets" | "onReady";

export interface LocalServiceOptions extends Omit<ServiceOptions, Made> {
  /** What all its processes carry in their environment (marked.ts). */
  readonly run: string;
  readonly directory: string;
  readonly command: readonly string[];
  /** What the command comes down to: it must be there when the service starts. */
  readonly executable: string;
  /** For the n-th life, from 0. */
  readonly environment: (life: number) => Readonly<Record<string, string>>;
  /** The path of what its host is told to refuse. */
  readonly control: string;
  /** The path of what its host writes down, if it does. */
  readonly journal?: string | undefined;
  /** Whether older generations of its files are wanted. */
  readonly remembers: boolean;
  /** Its virtual clock, if it has one. */
  readonly clock?: SteeredTarget | undefined;
  readonly timekeeper?: Timekeeper | undefined;
  /** Of its network, where it has one of its own. */
  readonly befall?: Befall | undefined;
  readonly resolver?: ResolverTarget | undefined;
}

export interface LocalService extends SupervisedService {
  /** Its host has told of something that was refused. */
  refused(what: "disk" | "open-files" | "processes"): void;
}

/** Its directory is as it shall be at its first start. */
export async function prepareLocalService(options: LocalServiceOptions): Promise<LocalService> {
  const { name, directory, command, executable, environment, befall, clock, timekeeper, resolver } = options;
  let current: LocalLife | undefined;
  const machine = createLocalTargets({
    ...options,
    service: name,
    async life() {
      await newsOfEnds();
      return current?.isGone() === false ? current : undefined;
    },
    main: () => (current?.isGone() === false ? current.pid : undefined),
    isHeld: (found) => current?.holds(found) ?? false,
  });
  await machine.prepare();
  const supervised = createService({
    ...options,
    targets: {
      ...machine.targets,
      ...(befall !== undefined && targetsOf(befall)),
      ...(clock !== undefined && { clock: clock.target }),
      ...(timekeeper !== undefined && { timekeeper: timekeeper.target }),
      ...(resolver !== undefined && { resolver }),
    },
    async startLife(number, events) {
      await machine.allowed();
      await clock?.starts();
      timekeeper?.start();
      current = await startLife({
        name,
        command,
        executable,
        directory,
        environment: environment(number),
        tree: machine.tree,
        freezer: machine.freezer,
        ...events,
      });
      await machine.started();
      return current;
    },
    async onReady() {
      try {
        await machine.ready();
      } catch (error) {
        if (!(error instanceof WorldError)) throw error;
        options.record({ event: "run.trouble", reason: error.message });
      }
    },
    readFile: (path) => readFile(resolve(directory, path)),
    newsOfEnds,
  });
  return { ...supervised, refused: (what) => machine.refused(what) };
}

/** What has ended by now is known to have ended after a whole turn of the event loop; the first one may be half over. */
async function newsOfEnds(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
