/**
 * Keeps the process group of one sliver running; disposing ends it. A group that ends by itself, or can't be started, starts again after a pause, which
 * doubles while it does not last.
 */
import { groupVariable, type Child, type CpuGroup, type Host, type Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import type { CpuPlaces } from "./cpu-places.ts";
import { onAbort } from "../../host/aborted.ts";

export interface Supervisor extends AsyncDisposable {
  /** The group that runs now, if one does. */
  readonly child: Child | undefined;
  /** Resolves when it has been started once, or could not be. */
  readonly tried: Promise<void>;
}

const firstPauseMs = 1000;
const longestPauseMs = 60_000;

/**
 * Ends all of the shell's group but itself, also those that have left the process group, until a look finds none: they may start others meanwhile. Lines of an
 * environment end with NUL (`-z`).
 */
const endOthers = `
for round in 1 2 3 4 5 6 7 8 9 10; do
  found=
  [ -z "$${groupVariable}" ] || for each in $(grep -zlsxF "${groupVariable}=$${groupVariable}" /proc/[0-9]*/environ); do
    each=\${each#/proc/} each=\${each%/environ}
    [ "$each" = $$ ] || { kill -KILL "$each" && found=yes; }
  done
  [ -n "$found" ] || break
done`;

/**
 * What runs in a sliver: the program, if there is one, for as long as the file is there that the sliver was started with. So a group that has outlived
 * its Node Manager ends when the next one starts the sliver anew or removes it, and no process id that was written down, which could be somebody else's by
 * now, is ever sent a signal but CONT.
 */
const body = `
[ -z "$1" ] || sh "$1" & while [ -e "$0" ]; do sleep 2; done
${endOthers}
kill -KILL 0`;

export interface SupervisorOptions {
  readonly log: Log;
  readonly name: string;
  readonly directory: string;
  /** The path of the program from that directory, or nothing. */
  readonly program: string;
  readonly places: CpuPlaces;
}

export function startSupervisor(
  host: Host,
  { guards }: Pick<Config, "guards">,
  { log, name, directory, program, places }: SupervisorOptions,
): Supervisor {
  const stop = new AbortController();
  const tried = Promise.withResolvers<void>();
  let running: Child | undefined;
  const runOnce = async (): Promise<void> => {
    const child = await startBody(host, { directory, program, cpuGroup: places.of(name) });
    running = child;
    log("sliver.started", { name });
    tried.resolve();
    using _ = onAbort(stop.signal, () => child.signal("KILL"));
    const { code, signal } = await child.exited;
    running = undefined;
    // What is left of the group would be nobody's.
    child.signal("KILL");
    if (!stop.signal.aborted) log("sliver.exit", { name, code, signal });
  };
  const supervise = async (): Promise<void> => {
    let pauseMs = firstPauseMs;
    while (!stop.signal.aborted) {
      const started = host.clock.monotonic();
      await runOnce().catch((error: unknown) => log("sliver.failed", { name, why: String(error) }));
      // Those too that nothing else knows.
      await places.end(name);
      tried.resolve();
      const lasted = host.clock.monotonic() - started > longestPauseMs;
      if (lasted) pauseMs = firstPauseMs;
      await host.clock.sleep(pauseMs, { signal: stop.signal }).catch(() => undefined);
      if (guards.has("restart-backoff")) pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  };
  const supervision = supervise();
  return {
    tried: tried.promise,
    get child() {
      return running;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await supervision;
    },
  };
}

interface BodyOptions extends Pick<SupervisorOptions, "directory" | "program"> {
  readonly cpuGroup: CpuGroup | undefined;
}

async function startBody(host: Host, { directory, program, cpuGroup }: BodyOptions): Promise<Child> {
  for (const name of await host.files.list(directory)) {
    if (isToken(name)) await dismiss(host, `${directory}/${name}`);
  }
  const token = `running-${Buffer.from(host.random.bytes(8)).toString("hex")}`;
  await using file = await host.files.open(`${directory}/${token}`, "create-new");
  const child = await host.processes.start("/bin/sh", ["-c", body, token, program], { directory, cpuGroup });
  await file.write(`${child.pid}\n`).catch(() => undefined);
  return child;
}

/** The file that a group was started with, which has its pid. */
export const isToken = (name: string): boolean => name.startsWith("running-");

/** Takes its file away from a group that is left from before, and sees that it notices: it may be stopped. */
export async function dismiss(host: Host, token: string): Promise<void> {
  const text = new TextDecoder().decode(await host.files.read(token));
  await host.files.remove(token);
  if (/^\d{1,9}\n$/.test(text)) host.processes.resume(Number(text));
}
