/** The Node Manager is killed at every single point at which a call waits for its disk. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Files, Host } from "../../host/host.ts";
import { createRealHost } from "../../host/real.ts";
import { createGuards } from "./guards.ts";
import { createLeniency } from "./leniency.ts";
import { createRequests } from "./requests.ts";
import { createResources } from "./resources.ts";
import { createStateFile, emptyState, type State } from "./state.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sinbin-interrupted-"));
});
afterEach(() => rm(directory, { recursive: true }));

const never = new Promise<never>(() => {});
const log = (): void => undefined;

/** After so many operations nothing comes back any more: as for a process that is gone. */
function dying(files: Files, operations: number): { readonly files: Files; readonly died: Promise<undefined> } {
  const died = Promise.withResolvers<undefined>();
  let left = operations;
  const counted = async <T>(operation: () => Promise<T>): Promise<T> => {
    left -= 1;
    if (left >= 0) return operation();
    died.resolve(undefined);
    return never;
  };
  return {
    died: died.promise,
    files: {
      ...files,
      rename: (from, to) => counted(() => files.rename(from, to)),
      syncDirectory: (path) => counted(() => files.syncDirectory(path)),
      open: (path, mode) =>
        counted(async () => {
          const file = await files.open(path, mode);
          return {
            write: (bytes) => counted(() => file.write(bytes)),
            sync: () => counted(() => file.sync()),
            [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
          };
        }),
    },
  };
}

/** The rooms that a call goes through, started from what is on the disk. */
async function start(operations: number) {
  const real = createRealHost({ name: "node", directory, seed: operations, log: () => undefined });
  const { files, died } = dying(real.files, operations);
  const host: Host = { ...real, files };
  const guards = createGuards([]);
  const current = (): State => ({
    ...emptyState,
    resources: [...resources.sets()],
    requests: [...requests.saved()],
  });
  const stateFile = createStateFile(host, { stateFile: "state.json", guards }, { log, current });
  const resources = createResources(
    host,
    { guards, capacity: 1000, unboundMs: 600_000 },
    { log, leniency: createLeniency(guards), isKnownSlice: () => true, onCollected: log },
  );
  const requests = createRequests({ guards }, { save: () => stateFile.save() });
  const state = await stateFile.load();
  resources.restore(state.resources, 0);
  requests.restore(state.requests);
  const acquire = async (): Promise<string> => {
    const answer = await requests.once({ name: "acquire", method: "acquire", params: [] }, () => {
      const { rcap, undo } = resources.acquire({ nm_cpu_share: 100 });
      return { value: rcap, undo };
    });
    return answer as string;
  };
  return {
    resources,
    died,
    async supply(): Promise<string> {
      const rcap = await acquire();
      await requests.once({ name: undefined, method: "bind", params: [] }, () => ({
        value: "ok",
        undo: resources.bind("a_a", rcap),
      }));
      return rcap;
    },
    [Symbol.dispose]: () => resources[Symbol.dispose](),
  };
}

/** The handle; undefined if the process was gone before it was told. */
async function supplyOrDie(node: Awaited<ReturnType<typeof start>>): Promise<string | undefined> {
  return Promise.race([node.supply(), node.died]);
}

test("wherever it was killed, nothing is half done, and the same calls then succeed, once", async () => {
  let points = 0;
  for (let survived = false; !survived; points += 1) {
    for (const name of ["state.json", "state.json.previous"]) await rm(join(directory, name), { force: true });
    {
      using node = await start(points);
      survived = (await supplyOrDie(node)) !== undefined;
    }
    using node = await start(Infinity);
    const { capacity, free, bound, unbound } = node.resources.report();
    expect(free + bound + unbound).toBe(capacity);
    const rcap = await node.supply();
    expect(node.resources.sets()).toMatchObject([{ rcap, slice: "a_a" }]);
    expect(node.resources.report()).toEqual({
      capacity: 1000,
      free: 900,
      bound: 100,
      unbound: 0,
      extended: 0,
      extended_ms: 0,
    });
  }
  // Two saves, each of which opens, writes, syncs, renames and syncs again.
  expect(points).toBeGreaterThan(10);
});
