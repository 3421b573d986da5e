/**
 * What the Node Manager must not forget: one JSON file, written record by record and replaced as a whole, and the one before it.
 *
 *     state.json.new ──rename──► state.json ──rename──► state.json.previous
 *                                    └── can't be used: told, and set aside as state.json.corrupt; then the previous one is used
 */
import { dirname } from "node:path";
import { codeOf } from "../../host/error-code.ts";
import { z } from "zod";
import type { Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import { failsafeSchema } from "./failsafe.ts";
import { sliceSchema } from "./slice.ts";
import { decodeState, encodeState } from "./state-text.ts";

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

/** Of this file's format. Members that nobody knows are left out; what is not compatible any more gets another version. */
export const stateVersion = 1;
const stateSchema = z.object({
  version: z.literal(stateVersion),
  /** Documents applied in the life of this node. */
  applied: z.int().nonnegative(),
  place: placeSchema.nullable(),
  /** When the newest document that has no place was written, in seconds of the publisher's clock. */
  newest: z.int().nullable().default(null),
  /** Where PLC was reached last. */
  plc: z.strictObject({ host: z.string(), port: z.int() }).nullable().default(null),
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
  newest: null,
  plc: null,
  slivers: { names: [] },
  resources: [],
  requests: [],
  leases: [],
  clock: null,
  failsafe: { lost: [], doubted: null },
  slices: [],
};

export interface StateFile {
  /**
   * The state that was saved last; if that can't be read, the one before it; the empty one if there is neither.
   *
   * @throws {Error} if one can't be read, and that is not tolerated.
   */
  load(): Promise<State>;
  /** Resolves when a state as new as the one at the time of the call is on disk. Saves never overlap; those that wait are one. */
  save(): Promise<void>;
  report(): {
    /** How many saves there have been in the life of this node. */
    readonly generation: number;
    readonly failures: number;
    /** Files that could not be used when it was loaded. */
    readonly corrupt: readonly string[];
  };
}

/** Small enough that a large state is written in many steps, and the disk is not waited for in one long one. */
const pieceBytes = 16 * 1024;

interface Generation {
  readonly state: State;
  readonly generation: number;
}

export function createStateFile(
  host: Host,
  config: Pick<Config, "stateFile" | "guards">,
  options: { readonly log: Log; readonly current: () => State },
): StateFile {
  const { guards, stateFile } = config;
  const { log, current } = options;
  const { files } = host;
  const [newFile, previousFile] = [`${stateFile}.new`, `${stateFile}.previous`];
  const corrupt: string[] = [];
  /** What is there can't be used, and could not be set aside either. */
  let isSpoilt = false;
  let generation = 0;
  let failures = 0;
  let running = Promise.resolve();
  let waiting: Promise<void> | undefined;

  const tell = (file: string, why: string): void => {
    corrupt.push(file);
    log("state.corrupt", { file, why });
  };
  const readFile = async (path: string): Promise<Generation | "missing" | "corrupt"> => {
    const bytes = await files.read(path).catch(absent);
    if (bytes === undefined) return "missing";
    const text = decodeState(bytes);
    if (guards.has("state-checksum") && !text.isIntact) throw new Error("its digest is wrong");
    return { state: stateSchema.parse(text.members), generation: text.generation };
  };
  const readOrSetAside = async (path: string): Promise<Generation | "missing" | "corrupt"> => {
    try {
      return await readFile(path);
    } catch (error) {
      tell(path, firstLine(error));
      // Kept for whoever wants to know, if that can be done.
      await files.rename(path, `${path}.corrupt`).catch(() => (isSpoilt ||= path === stateFile));
      return "corrupt";
    }
  };
  const read = guards.has("tolerate-corrupt-state") ? readOrSetAside : readFile;

  /** A save that a crash has interrupted between its two renames was as good as done. */
  const finishSave = async (): Promise<boolean> => {
    try {
      if (!decodeState(await files.read(newFile)).isIntact) return false;
      await files.rename(newFile, stateFile);
      return true;
    } catch {
      return false;
    }
  };
  const readNewest = async (): Promise<Generation | undefined> => {
    let newest = await read(stateFile);
    if (newest === "missing" && (await finishSave())) newest = await read(stateFile);
    const previous = guards.has("previous-generation") ? await read(previousFile) : "missing";
    if (typeof previous === "string") return typeof newest === "string" ? undefined : newest;
    if (newest === "missing") tell(stateFile, "it is missing, and there has been one");
    if (typeof newest === "string") return previous;
    if (newest.generation > previous.generation) return newest;
    tell(stateFile, `it is of generation ${newest.generation}, and ${previousFile} of ${previous.generation}`);
    return previous;
  };

  const write = async (path: string): Promise<number> => {
    await using file = await files.open(path, "write", { ownerOnly: true });
    let written = 0;
    for (const bytes of encodeState(current(), "slices", generation + 1)) {
      for (let offset = 0; offset < bytes.length; offset += pieceBytes)
        await file.write(bytes.subarray(offset, offset + pieceBytes));
      written += bytes.length;
    }
    if (guards.has("sync-state")) await file.sync();
    return written;
  };
  const keepPrevious = async (): Promise<void> => {
    const kept = isSpoilt ? `${stateFile}.corrupt` : previousFile;
    try {
      await files.rename(stateFile, kept).catch(absent);
    } catch {
      // Whatever stands in its place is no state.
      await files.remove(kept);
      await files.rename(stateFile, kept);
    }
    isSpoilt = false;
  };
  const replace = async (): Promise<void> => {
    const target = guards.has("atomic-save") ? newFile : stateFile;
    log("state.save.begin", {});
    try {
      const bytes = await write(target);
      if (target !== stateFile) {
        await keepPrevious();
        await files.rename(target, stateFile);
      }
      generation += 1;
      await files.syncDirectory(dirname(stateFile));
      log("state.save.end", { bytes, generation });
    } catch (error) {
      failures += 1;
      throw error;
    }
  };

  return {
    async load() {
      const found = await readNewest();
      // What a crash has left of a save, or whatever else would be in the way of the next one.
      await files.remove(newFile).catch(() => undefined);
      generation = found?.generation ?? 0;
      const state = found?.state ?? emptyState;
      log("state.loaded", { generation, slices: state.slices.length, resources: state.resources.length });
      return state;
    },
    save() {
      waiting ??= running = running
        .catch(() => undefined)
        .then(() => {
          waiting = undefined;
          return replace();
        });
      return waiting;
    },
    report: () => ({ generation, failures, corrupt }),
  };
}

function absent(error: unknown): undefined {
  if (codeOf(error) === "ENOENT") return undefined;
  throw error;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}
