/**
 * The Node Manager: keeps the slivers of one node as PlanetLab Central wants them, whatever the network, the clock and the disk do.
 *
 *     PLC ──slices.xml──► loop ──► slivers (directories, processes)
 *     agent ──XML-RPC──► rpc ──► resources          state.json, node.log
 */
import type { Host, Main } from "../../host/host.ts";
import { ArgumentError } from "../../host/arguments.ts";
import { readConfig, type Config } from "./config.ts";
import { createLog } from "./log.ts";
import { createLoop, type Knowledge } from "./loop.ts";
import { createResources } from "./resources.ts";
import { serveRpc } from "./rpc.ts";
import { createSlivers } from "./slivers.ts";
import { createStateFile, type State } from "./state.ts";

export const main: Main = async (host, args) => {
  let config: Config;
  try {
    config = readConfig(args);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    host.log("arguments.refused", { why: error.message });
    return 2;
  }
  const stop = new AbortController();
  using handlers = new DisposableStack();
  for (const name of ["TERM", "INT"] as const) handlers.use(host.signals.on(name, () => stop.abort()));
  try {
    await run(host, config, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted || error !== stop.signal.reason) throw error;
  }
  return 0;
};

async function run(host: Host, config: Config, signal: AbortSignal): Promise<void> {
  // First of all: from here on SIGHUP does no harm.
  await using log = createLog(host, config);
  const knowledge: Knowledge = { applied: 0, place: undefined, slices: [] };
  await using slivers = createSlivers(host, log.write);
  using resources = createResources(host, config, {
    log: log.write,
    isKnownSlice: (name) => knowledge.slices.some((slice) => slice.name === name),
    onCollected: () => void save().catch(() => undefined),
  });
  const stateFile = createStateFile(host, config, {
    log: log.write,
    current: (): State => ({
      version: 1,
      applied: knowledge.applied,
      place: knowledge.place ?? null,
      slivers: { names: [...slivers.names()] },
      resources: [...resources.sets()],
      slices: [...knowledge.slices],
    }),
  });
  const save = async (): Promise<void> => {
    try {
      await stateFile.save();
    } catch (error) {
      log.write("state.save.failed", { why: String(error) });
      throw error;
    }
  };

  const state = await stateFile.load();
  Object.assign(knowledge, { applied: state.applied, place: state.place ?? undefined, slices: state.slices });
  resources.restore(state.resources);
  const loop = createLoop(host, config, {
    log: log.write,
    knowledge,
    slivers,
    async onApplied() {
      resources.keepOnly(new Set(knowledge.slices.map(({ name }) => name)));
      // A full disk must not stop the loop; the log has it, and the next document tries again.
      await save().catch(() => undefined);
    },
  });
  await slivers.discover();
  await using doors = new AsyncDisposableStack();
  const rpc = await serveRpc(host, {
    port: config.port,
    log: log.write,
    resources,
    save,
    loopAgeMs: () => loop.ageMs(),
    status: () => ({
      node_id: config.nodeId,
      slivers: slivers.names(),
      applied: knowledge.applied,
      place: knowledge.place === undefined ? null : { ...knowledge.place },
      resources: { ...resources.audit() },
      log_dropped: log.dropped(),
      loop: { ...loop.report() },
    }),
  });
  doors.use(rpc);
  if (config.guards.has("start-cached-slivers")) for (const name of slivers.names()) await slivers.run(name);
  log.write("ready", { node_id: config.nodeId });
  await loop.run(signal);
}
