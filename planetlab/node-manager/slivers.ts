/**
 * The slivers of this node: a directory and a supervised process group each.
 *
 *     slivers/NAME/            a sliver that is there: made under another name, then renamed
 *     slivers/NAME.making/     half made; removed at the next start
 *     slivers/NAME.removing/   half removed; removed at the next start
 *
 * The directory is the truth: a sliver exists if and only if its directory does, whatever became of the state file.
 */
import type { Child, Host, Log } from "../../host/host.ts";
import { cpuShare, cpuShareOf } from "./resources.ts";
import { sliceName, type Slice } from "./slice.ts";

export interface Slivers extends AsyncDisposable {
  /** Sorted. */
  names(): readonly string[];
  /** Finds what is on disk and removes what is half made or half removed. */
  discover(): Promise<void>;
  /** Makes it if it is not there, brings its files up to date, and sees that it runs. */
  ensure(slice: Slice): Promise<void>;
  /** Sees that it runs. */
  run(name: string): Promise<void>;
  /** Ends its processes, then removes its directory. */
  destroy(name: string): Promise<void>;
}

export const sliversHome = "slivers";
const directoryOf = (name: string): string => `${sliversHome}/${name}`;
const firstPauseMs = 1000;
const longestPauseMs = 60_000;

/**
 * What runs in a sliver, for want of users: it waits for the file to go that it was started with. So a process that has outlived its Node Manager
 * ends when the next one starts the sliver anew or removes it, and no process id, which could be somebody else's by now, is ever signalled.
 */
const body = 'while [ -e "$0" ]; do sleep 2; done';

export interface SliversOptions {
  readonly log: Log;
  /** What a slice has of the CPU for now, beyond the share that its document gives to it. */
  readonly boostOf: (slice: string) => number;
}

export function createSlivers(host: Host, { log, boostOf }: SliversOptions): Slivers {
  const known = new Map<string, Supervisor | undefined>();

  const announce = (): void => log("slivers", { names: names() });
  const names = (): readonly string[] => [...known.keys()].sort();
  const supervise = (name: string): void => {
    known.set(name, startSupervisor(host, { log, name, directory: directoryOf(name) }));
  };

  const make = async (slice: Slice): Promise<void> => {
    const making = directoryOf(`${slice.name}.making`);
    await host.files.remove(making);
    await host.files.makeDirectory(making);
    await host.files.rename(making, directoryOf(slice.name));
    await host.files.syncDirectory(sliversHome);
    known.set(slice.name, undefined);
    log("sliver.created", { name: slice.name });
    announce();
  };
  const update = async ({ name, keys, rspec }: Slice): Promise<void> => {
    await replaceFile(host, directoryOf(name), "authorized_keys", keys.map((key) => `${key}\n`).join(""));
    await replaceFile(host, directoryOf(name), "rspec.json", `${JSON.stringify(boosted(rspec, boostOf(name)))}\n`);
  };

  return {
    names,
    async discover() {
      await host.files.makeDirectory(sliversHome);
      for (const name of await host.files.list(sliversHome)) {
        if (sliceName.safeParse(name).success) known.set(name, undefined);
        else if (/\.(?:making|removing)$/.test(name)) await host.files.remove(directoryOf(name));
      }
      announce();
    },
    async ensure(slice) {
      if (!known.has(slice.name)) await make(slice);
      await update(slice);
      if (known.get(slice.name) === undefined) supervise(slice.name);
    },
    async run(name) {
      if (known.has(name) && known.get(name) === undefined) supervise(name);
    },
    async destroy(name) {
      const removing = directoryOf(`${name}.removing`);
      await known.get(name)?.[Symbol.asyncDispose]();
      // If what follows fails, it can run again.
      known.set(name, undefined);
      await host.files.remove(removing);
      await host.files.rename(directoryOf(name), removing);
      known.delete(name);
      log("sliver.destroyed", { name });
      announce();
      await host.files.remove(removing);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...known.values()].map(async (supervisor) => supervisor?.[Symbol.asyncDispose]()));
    },
  };
}

type Supervisor = AsyncDisposable;

interface SupervisorOptions {
  readonly log: Log;
  readonly name: string;
  readonly directory: string;
}

/** Keeps a process group running; disposing ends it. A group that ends by itself starts again after a pause, which doubles while it does not last. */
function startSupervisor(host: Host, { log, name, directory }: SupervisorOptions): Supervisor {
  const stop = new AbortController();
  const runOnce = async (): Promise<void> => {
    const child = await startBody(host, directory);
    log("sliver.started", { name });
    using _ = onAbort(stop.signal, () => child.signal("KILL"));
    const { code, signal } = await child.exited;
    // What is left of the group would be nobody's.
    child.signal("KILL");
    if (!stop.signal.aborted) log("sliver.exit", { name, code, signal });
  };
  const supervise = async (): Promise<void> => {
    let pauseMs = firstPauseMs;
    while (!stop.signal.aborted) {
      const started = host.clock.monotonic();
      await runOnce().catch((error: unknown) => log("sliver.failed", { name, why: String(error) }));
      if (host.clock.monotonic() - started > longestPauseMs) pauseMs = firstPauseMs;
      await host.clock.sleep(pauseMs, { signal: stop.signal }).catch(() => undefined);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  };
  const supervision = supervise();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await supervision;
    },
  };
}

async function startBody(host: Host, directory: string): Promise<Child> {
  for (const name of await host.files.list(directory)) {
    if (name.startsWith("running-")) await host.files.remove(`${directory}/${name}`);
  }
  const token = `running-${Buffer.from(host.random.bytes(8)).toString("hex")}`;
  await (await host.files.open(`${directory}/${token}`, "create-new"))[Symbol.asyncDispose]();
  return host.processes.start("/bin/sh", ["-c", body, token], { directory });
}

/** Calls back when the signal aborts, at once if it has; disposing calls that off. */
function onAbort(signal: AbortSignal, callback: () => void): Disposable {
  if (signal.aborted) callback();
  signal.addEventListener("abort", callback);
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", callback) };
}

function boosted(rspec: Slice["rspec"], share: number): Slice["rspec"] {
  return share === 0 ? rspec : { ...rspec, [cpuShare]: cpuShareOf(rspec) + share };
}

/** Whoever reads the file sees the old text or the new one. */
async function replaceFile(host: Host, directory: string, name: string, text: string): Promise<void> {
  const old = await host.files.read(`${directory}/${name}`).catch(() => undefined);
  if (old !== undefined && new TextDecoder().decode(old) === text) return;
  {
    await using file = await host.files.open(`${directory}/${name}.new`, "write");
    await file.write(text);
  }
  await host.files.rename(`${directory}/${name}.new`, `${directory}/${name}`);
}
