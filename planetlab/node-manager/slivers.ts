/**
 * The slivers of this node: a directory and a supervised process group each.
 *
 *     slivers/NAME/            a sliver that is there: made under another name, then renamed
 *     slivers/NAME.making/     half made; removed before it is made anew, and at the next start
 *     slivers/NAME.removing/   a tombstone: removed file by file, at the next start if not before; until then no new one of the name is made
 *
 * The directory is the truth: a sliver exists if and only if its directory does, whatever became of the state file.
 */
import type { Child, Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import type { CpuPlaces } from "./cpu-places.ts";
import { createFill } from "./making.ts";
import { replaceFile } from "../replace-file.ts";
import { cpuShare, cpuShareOf } from "./resources.ts";
import { sliceName, type Slice } from "./slice.ts";
import { dismiss, isToken, startSupervisor, type Supervisor } from "./supervisor.ts";
import { createWorkQueue, type WorkQueue } from "./work.ts";

export interface Slivers extends AsyncDisposable {
  /** Sorted. */
  names(): readonly string[];
  /** What it is to be by what it was told last; undefined if it was told nothing since the start. */
  rspecOf(name: string): Slice["rspec"] | undefined;
  /** Finds what is on disk, and has removed what is half made or half removed. */
  discover(): Promise<void>;
  /** Makes it if it is not there, brings its files up to date, and sees that it runs. */
  ensure(slice: Slice): Promise<void>;
  /** Sees that it runs. */
  run(name: string): Promise<void>;
  /** Ends its processes, then removes its directory. */
  destroy(name: string): Promise<void>;
  /** Has what is half removed by now removed. */
  finishTeardowns(): void;
  /** Their process groups, as far as one runs now. */
  groups(): ReadonlyMap<string, Child | undefined>;
  /** What is to be done, and what is being done. */
  work: WorkQueue["counts"];
}

export const sliversHome = "slivers";
const directoryOf = (name: string): string => `${sliversHome}/${name}`;
const keysFile = "authorized_keys";
/** Every document has it written anew, should it be lost. */
const later = { synced: false };
const tombstoneOf = (name: string): string => directoryOf(`${name}.removing`);

export interface SliversOptions {
  readonly log: Log;
  /** What a slice has of the CPU for now, beyond the share that its document gives to it. */
  readonly boostOf: (slice: string) => number;
  readonly places: CpuPlaces;
}

export function createSlivers(
  host: Host,
  config: Pick<Config, "guards" | "creations" | "image" | "make" | "makeTotalMs" | "program">,
  { log, boostOf, places }: SliversOptions,
): Slivers {
  const { guards } = config;
  const known = new Map<string, Supervisor | undefined>();
  const specified = new Map<string, Slice["rspec"]>();
  const tombstones = new Set<string>();
  const over = new AbortController();
  const fill = createFill(host, config, over.signal);
  const queue = createWorkQueue(config);

  const names = (): readonly string[] => [...known.keys()].sort();
  const announce = (): void => log("slivers", { names: names(), removing: [...tombstones].sort() });
  /** Resolves when it has been started once, or could not be. */
  const supervise = async (name: string): Promise<void> => {
    if (over.signal.aborted || !known.has(name)) return;
    if (known.get(name) !== undefined && guards.has("start-once")) return;
    const program = config.program === "" ? "" : `../../${config.program}`;
    const supervisor = startSupervisor(host, config, { log, name, directory: directoryOf(name), program, places });
    known.set(name, supervisor);
    await supervisor.tried;
  };

  /** File by file: what a sliver has may be much, and others want the disk, too. */
  const remove = async (directory: string): Promise<void> => {
    for (const name of await host.files.list(directory))
      await (isToken(name) ? dismiss(host, `${directory}/${name}`) : host.files.remove(`${directory}/${name}`));
    await host.files.remove(directory);
  };
  const bury = async (name: string, grave: string): Promise<void> => {
    await remove(grave);
    tombstones.delete(name);
    log("sliver.removed", { name });
    announce();
  };
  const finishTeardown = async (name: string): Promise<void> => {
    if (tombstones.has(name) && guards.has("finish-teardown")) await bury(name, tombstoneOf(name));
  };
  const finishTeardowns = (): void => {
    for (const name of tombstones) {
      const failed = (error: unknown): void => log("sliver.failed", { name, why: String(error) });
      void queue.submit({ name, isMaking: () => false, run: () => finishTeardown(name) }).catch(failed);
    }
  };

  const update = async ({ name, keys, rspec }: Slice, directory: string): Promise<void> => {
    await replaceFile(host, `${directory}/${keysFile}`, keys.map((key) => `${key}\n`).join(""), later);
    await replaceFile(host, `${directory}/rspec.json`, `${JSON.stringify(boosted(rspec, boostOf(name)))}\n`, later);
  };
  const make = async (slice: Slice): Promise<void> => {
    const { name } = slice;
    const { making, waiting } = queue.counts();
    log("sliver.making", { name, at_once: making, waiting });
    const directory = directoryOf(`${name}.making`);
    await host.files.remove(directory);
    await host.files.makeDirectory(directory);
    await fill(slice, directory);
    if (guards.has("keys-before-name")) await update(slice, directory);
    await host.files.rename(directory, directoryOf(name));
    await host.files.syncDirectory(sliversHome);
    known.set(name, undefined);
    const files = await host.files.list(directoryOf(name));
    log("sliver.created", { name, keys: await countKeys(host, directoryOf(name)), files: files.length });
    announce();
  };
  const ensure = async (slice: Slice): Promise<void> => {
    await finishTeardown(slice.name);
    specified.set(slice.name, slice.rspec);
    if (!known.has(slice.name)) await make(slice);
    await update(slice, directoryOf(slice.name));
    places.of(slice.name);
    await supervise(slice.name);
  };
  const destroy = async (name: string): Promise<void> => {
    await finishTeardown(name);
    if (!known.has(name)) return;
    await known.get(name)?.[Symbol.asyncDispose]();
    // If what follows fails, it can run again.
    known.set(name, undefined);
    const directory = directoryOf(name);
    const grave = guards.has("two-phase-delete") ? tombstoneOf(name) : directory;
    if (grave !== directory) {
      await host.files.rename(directory, grave);
      await host.files.syncDirectory(sliversHome);
      tombstones.add(name);
    }
    known.delete(name);
    specified.delete(name);
    log("sliver.destroyed", { name });
    announce();
    await bury(name, grave);
  };

  return {
    names,
    rspecOf: (name) => specified.get(name),
    groups: () => new Map(names().map((name) => [name, known.get(name)?.child])),
    work: () => queue.counts(),
    async discover() {
      await host.files.makeDirectory(sliversHome);
      for (const entry of await host.files.list(sliversHome)) {
        const name = entry.replace(/\.(?:making|removing)$/, "");
        if (!sliceName.safeParse(name).success) continue;
        if (entry === name) known.set(name, undefined);
        else if (directoryOf(entry) === tombstoneOf(name)) tombstones.add(name);
        else await host.files.remove(directoryOf(entry));
      }
      announce();
      finishTeardowns();
    },
    finishTeardowns,
    ensure: (slice) =>
      queue.submit({ name: slice.name, isMaking: () => !known.has(slice.name), run: () => ensure(slice) }),
    run: (name) => queue.submit({ name, isMaking: () => false, run: () => supervise(name) }),
    destroy: (name) => queue.submit({ name, isMaking: () => false, run: () => destroy(name) }),
    async [Symbol.asyncDispose]() {
      over.abort();
      await queue.end();
      await Promise.all([...known.values()].map(async (supervisor) => supervisor?.[Symbol.asyncDispose]()));
    },
  };
}

function boosted(rspec: Slice["rspec"], share: number): Slice["rspec"] {
  return share === 0 ? rspec : { ...rspec, [cpuShare]: cpuShareOf(rspec) + share };
}

/** What is there for whoever logs in. */
async function countKeys(host: Host, directory: string): Promise<number> {
  const bytes = await host.files.read(`${directory}/${keysFile}`).catch(() => new Uint8Array());
  return new TextDecoder().decode(bytes).split("\n").length - 1;
}
