/**
 * What the Node Manager must not forget: one JSON file, written record by record and replaced as a whole.
 */
import { dirname } from "node:path";
import { z } from "zod";
import type { Host, Log, OpenFile } from "../../host/host.ts";
import type { Config } from "./config.ts";
import { failsafeSchema } from "./failsafe.ts";
import { sliceSchema } from "./slice.ts";

/** A handle is 128 random bits: whoever knows it owns the set. */
const resourceSetSchema = z.strictObject({
  rcap: z.string().regex(/^[0-9a-f]{32}$/),
  rspec: z.record(z.string(), z.int()),
  slice: z.string().nullable(),
  /** Counts the sets that this node has given out. */
  number: z.int().nonnegative().default(0),
  /** Of one that nobody has bound, when the state was saved. */
  left_ms: z.number().nullable().default(null),
});

/** A request that has a name, and how it was answered. */
const requestSchema = z.strictObject({ name: z.string(), call: z.string(), reply: z.string() });

const placeSchema = z.strictObject({ epoch: z.int(), serial: z.int() });

const leaseSchema = z.strictObject({
  lease: z.string().regex(/^[0-9a-f]{32}$/),
  slice: z.string(),
  share: z.int(),
  /** PLC's time. */
  begin_ms: z.number(),
  length_ms: z.number(),
  /** Of one that has begun, when the state was saved. */
  left_ms: z.number().nullable(),
  extended_by_ms: z.number(),
});

/** What the clocks showed when the state was saved. */
const clockSchema = z.strictObject({
  boot: z.string(),
  monotonic_ms: z.number(),
  wall_ms: z.number(),
  plc_ms: z.number().nullable(),
  plc_error_ms: z.number().nonnegative(),
});

/** The version is that of this file's format: a file of another version is not read. */
const stateSchema = z.strictObject({
  version: z.literal(1),
  /** Documents applied in the life of this node. */
  applied: z.int().nonnegative(),
  place: placeSchema.nullable(),
  slivers: z.strictObject({ names: z.array(z.string()) }),
  resources: z.array(resourceSetSchema),
  requests: z.array(requestSchema).default([]),
  leases: z.array(leaseSchema).default([]),
  clock: clockSchema.nullable().default(null),
  failsafe: failsafeSchema.default({ lost: [], doubted: null }),
  slices: z.array(sliceSchema),
});
export type State = z.output<typeof stateSchema>;

export const emptyState: State = {
  version: 1,
  applied: 0,
  place: null,
  slivers: { names: [] },
  resources: [],
  requests: [],
  leases: [],
  clock: null,
  failsafe: { lost: [], doubted: null },
  slices: [],
};

export interface StateFile {
  /** The state that was saved last, or the empty one if there is none. @throws {Error} if it can't be read, and that is not tolerated. */
  load(): Promise<State>;
  /** Resolves when a state as new as the one at the time of the call is on disk. Saves never overlap; those that wait are one. */
  save(): Promise<void>;
}

/** Small enough that a large state is written in many steps, and the disk is not waited for in one long one. */
const pieceBytes = 16 * 1024;

export function createStateFile(
  host: Host,
  config: Pick<Config, "stateFile" | "guards">,
  options: { readonly log: Log; readonly current: () => State },
): StateFile {
  const { guards, stateFile } = config;
  const { log, current } = options;
  let running = Promise.resolve();
  let waiting: Promise<void> | undefined;

  const readState = async (): Promise<State> => {
    const bytes = await host.files.read(stateFile).catch(absent);
    return bytes === undefined ? emptyState : stateSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  };
  const readOrSetAside = async (): Promise<State> => {
    try {
      return await readState();
    } catch (error) {
      log("state.corrupt", { file: stateFile, why: firstLine(error) });
      // Kept for whoever wants to know, if that can be done.
      await host.files.rename(stateFile, `${stateFile}.corrupt`).catch(() => undefined);
      return emptyState;
    }
  };

  const write = async (path: string): Promise<number> => {
    await using file = await host.files.open(path, "write");
    const written = await writeAll(file, pieces(current()));
    if (guards.has("sync-state")) await file.sync();
    return written;
  };
  const replace = async (): Promise<void> => {
    const target = guards.has("atomic-save") ? `${stateFile}.new` : stateFile;
    log("state.save.begin", {});
    const bytes = await write(target);
    if (target !== stateFile) await host.files.rename(target, stateFile);
    await host.files.syncDirectory(dirname(stateFile));
    log("state.save.end", { bytes });
  };

  return {
    load: guards.has("tolerate-corrupt-state") ? readOrSetAside : readState,
    save() {
      waiting ??= running = running
        .catch(() => undefined)
        .then(() => {
          waiting = undefined;
          return replace();
        });
      return waiting;
    },
  };
}

async function writeAll(file: OpenFile, texts: Iterable<string>): Promise<number> {
  let written = 0;
  for (const text of texts) {
    const bytes = Buffer.from(text);
    for (let offset = 0; offset < bytes.length; offset += pieceBytes)
      await file.write(bytes.subarray(offset, offset + pieceBytes));
    written += bytes.length;
  }
  return written;
}

/** The state as JSON, a slice at a time: a node's keys may be megabytes, and are never one string. */
function* pieces(state: State): Generator<string> {
  const { slices, ...small } = state;
  yield `${JSON.stringify(small).slice(0, -1)},"slices":[\n`;
  for (const [index, slice] of slices.entries()) yield `${index === 0 ? "" : ",\n"}${JSON.stringify(slice)}`;
  yield "\n]}\n";
}

function absent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}
