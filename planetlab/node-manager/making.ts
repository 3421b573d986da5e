/**
 * What fills the directory of a new sliver: an image, and a program as `vuseradd` was: not ours, and as slow as it likes.
 *
 *     --image 100                        so many files, empty ones
 *     --make "sleep {nm_disk_quota}"     {KEY} is what the slice's rspec says of KEY, or 0
 */
import { createDeadline } from "../../host/deadline.ts";
import type { Host } from "../../host/host.ts";
import type { Config } from "./config.ts";
import { onAbort } from "../../host/aborted.ts";
import type { Slice } from "./slice.ts";

/** Resolves when it has ended well; then nothing of it runs any more. */
export type Fill = (slice: Slice, directory: string) => Promise<void>;

/** When the signal aborts, whatever fills a directory is killed. */
export function createFill(
  host: Host,
  config: Pick<Config, "guards" | "image" | "make" | "makeTotalMs">,
  over: AbortSignal,
): Fill {
  const { guards, image, make, makeTotalMs } = config;
  return async ({ rspec }, directory) => {
    for (let n = 1; n <= image; n += 1)
      await (await host.files.open(`${directory}/image-${n}`, "create-new"))[Symbol.asyncDispose]();
    const [command, ...args] = make.map((word) =>
      word.replaceAll(/\{(\w+)\}/g, (_, key: string) => String(rspec[key] ?? 0)),
    );
    if (command === undefined) return;
    using deadline = createDeadline(host.clock, guards.has("making-deadline") ? makeTotalMs : Infinity, {
      signal: over,
    });
    const { signal } = deadline;
    const child = await host.processes.start(command, args, { directory });
    using _ = onAbort(signal, () => child.signal("KILL"));
    const exit = await child.exited;
    // What it has left running would be nobody's.
    child.signal("KILL");
    signal.throwIfAborted();
    if (exit.code !== 0) throw new Error(`${command} has ended with ${exit.signal ?? `code ${String(exit.code)}`}`);
  };
}
