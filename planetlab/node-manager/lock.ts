/**
 * One Node Manager at a time for one state file: two would each undo what the other does.
 *
 *     the kernel's lock ──► held: somebody lives who has it
 *     state.json.lock ────► who had it last, for people; whether he lives it can't tell, whatever is in it
 */
import { codeOf } from "../../host/error-code.ts";
import type { Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";

/** Undefined, and told in the log, if another instance has it. */
export async function takeLock(
  host: Host,
  { stateFile, guards }: Pick<Config, "stateFile" | "guards">,
  log: Log,
): Promise<AsyncDisposable | undefined> {
  const path = `${stateFile}.lock`;
  const { files, clock } = host;
  const left = await readIfThere(host, path);
  await using stack = new AsyncDisposableStack();
  const lock = stack.use(await files.lock(path));

  const isLeft = left !== undefined;
  let isTaken = isLeft;
  if (guards.has("lock-of-the-living")) isTaken = lock === undefined;
  if (isTaken && guards.has("single-instance")) {
    log("lock.refused", { file: path, holder: left ?? "" });
    return undefined;
  }
  if (isLeft) log("lock.stale", { file: path, holder: left });

  const remove = (): Promise<void> => files.remove(path).catch(() => undefined);
  // A directory may stand in its place; and a full disk is no reason not to start.
  await remove();
  await write(host, path, `${JSON.stringify({ boot: clock.boot, since: clock.wall() })}\n`).catch(() => undefined);
  stack.defer(remove);
  return stack.move();
}

async function readIfThere({ files }: Host, path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await files.read(path)).slice(0, 200);
  } catch (error) {
    return codeOf(error) === "ENOENT" ? undefined : String(error);
  }
}

async function write({ files }: Host, path: string, text: string): Promise<void> {
  await using file = await files.open(path, "write");
  await file.write(text);
}
