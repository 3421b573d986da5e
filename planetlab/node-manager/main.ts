/**
 * The Node Manager: keeps the slivers of one node as PlanetLab Central wants them, whatever the network, the clock and the disk do.
 *
 *     PLC ──slices.xml──► loop ──► slivers (directories, processes)
 *     agent ──XML-RPC──► rpc ──► resources, leases  state.json, node.log
 *
 * Everything that waits does so by a timescale of its own, which the wall clock and its jumps can't move.
 */
import type { Host } from "../../host/host.ts";
import { untilStopped } from "../../host/until-stopped.ts";
import { createAccounts } from "./accounts.ts";
import { createPlcApi } from "./api.ts";
import { cachedSlivers } from "./cached.ts";
import { readConfig, withOptions, type Config } from "./config.ts";
import { createApplier, type Knowledge } from "./applier.ts";
import { startClockWatch } from "./clock-watch.ts";
import { createContain } from "./contain.ts";
import { createConfFiles } from "./conf-files.ts";
import { createCredentials } from "./credentials.ts";
import { createDirectory } from "./directory.ts";
import { createDump } from "./dump.ts";
import { dumpNetwork } from "./dump-network.ts";
import { dumpState } from "./dump-state.ts";
import { createCpuShares } from "./cpu.ts";
import { takeCpuPlaces } from "./cpu-places.ts";
import { createExpiry } from "./expiry.ts";
import { createFailsafe } from "./failsafe.ts";
import { createHeldDocument } from "./held.ts";
import { createIdentity } from "./identity.ts";
import { createLeases } from "./leases.ts";
import { createLeniency } from "./leniency.ts";
import { createLog } from "./log.ts";
import type { XmlRpcValue } from "../xml-rpc.ts";
import { takeLock } from "./lock.ts";
import { createLoop } from "./loop.ts";
import { createNewest } from "./newest.ts";
import { putAsideNewerState } from "./newer-state.ts";
import { watchNtp, type NtpState } from "./ntp-watch.ts";
import { createPlcTime } from "./plc-time.ts";
import { createRecord } from "./record.ts";
import { createRequests } from "./requests.ts";
import { cpuShareOf, createResources } from "./resources.ts";
import { absenceSince } from "./restart.ts";
import { serveRpc, type Rpc } from "./rpc.ts";
import type { Slice } from "./slice.ts";
import { serveSliceStat } from "./slicestat.ts";
import { createSlivers } from "./slivers.ts";
import { createSource } from "./source.ts";
import { createStateFile, type State } from "./state.ts";
import { createTimescale } from "./timescale.ts";
import { createTraffic } from "./traffic.ts";

export const main = untilStopped(async (args, { files, signals }) => {
  using early = signals.on("HUP", () => {});
  void early;
  return readConfig(await withOptions(files, args));
}, run);

async function run(machine: Host, config: Config, signal: AbortSignal): Promise<number> {
  // First of all: from here on SIGHUP does no harm.
  await using dump = createDump(machine, config);
  const record = createRecord(machine.clock);
  await using log = createLog(machine, config, { onHup: () => dump.reopen(), hear: record.hear });
  log.write("starting");
  await using lock = await takeLock(machine, config, log.write);
  if (lock === undefined) return 3;
  const timescale = createTimescale(machine.clock, config.guards);
  /** From here on everything waits by that time, and what is sent and received is in the dump. */
  const network = dumpNetwork(machine.network, machine.clock, dump);
  const host: Host = { ...machine, network, clock: timescale.clock };
  const knowledge: Knowledge = { applied: 0, place: undefined, slices: [] };
  const isKnownSlice = (name: string): boolean => knowledge.slices.some((slice) => slice.name === name);
  const saveQuietly = (): void => void save().catch(() => undefined);
  const leniency = createLeniency(config.guards);

  const stateFile = createStateFile(host, config, { log: log.write, current: () => current() });
  await putAsideNewerState(host.files, config, { log: log.write });
  const state = await stateFile.load();
  const absence = absenceSince(state.clock, machine.clock, config.guards);
  const plcTime = createPlcTime(machine.clock, config, {
    log: log.write,
    last: state.clock,
    onRate: (rate) => timescale.setRate(rate),
  });
  const expiry = createExpiry(machine.clock, config, { log: log.write, plcTime });
  using leases = createLeases(host, config, {
    log: log.write,
    leniency,
    plcTime,
    isKnownSlice,
    onChanged(names) {
      saveQuietly();
      for (const slice of knowledge.slices) if (names.includes(slice.name)) void bringUpToDate(slice);
    },
  });
  const weightOf = (name: string): number => {
    // A new sliver runs before its document counts as applied.
    const rspec = slivers.rspecOf(name) ?? knowledge.slices.find((slice) => slice.name === name)?.rspec ?? {};
    return Math.max(1, cpuShareOf(rspec) + leases.shareOf(name));
  };
  await using places = await takeCpuPlaces(host, config, { log: log.write, weightOf });
  const boostOf = (name: string): number => leases.shareOf(name);
  await using slivers = createSlivers(host, config, { log: log.write, boostOf, places });
  const cpu = createCpuShares(host, { groups: () => slivers.groups(), weightOf });
  if (places.by === "turns") void createContain(config.guards, log.write)("cpu-shares", () => cpu.run(signal));
  using resources = createResources(host, config, {
    log: log.write,
    leniency,
    isKnownSlice,
    onCollected: saveQuietly,
  });
  const directory = createDirectory(host, config, { log: log.write, last: state.plc ?? undefined });
  const newest = createNewest(config, { log: log.write, last: state.newest ?? undefined });
  const api = createPlcApi(host, config, { directory, dump });
  const nodeId = (): number | undefined => identity.nodeId();
  const credentials = createCredentials(host, config, { log: log.write, api, nodeId });
  const identity = createIdentity(host, config, { log: log.write, api, credentials });
  const source = createSource(host, config, { directory, credentials });
  const confFiles = createConfFiles(host, config, { log: log.write, directory, nodeId, signal });
  const failsafe = createFailsafe(host.clock, config, { log: log.write });
  const held = createHeldDocument(host, config, { log: log.write });

  const current = (): State => ({
    version: 1,
    applied: knowledge.applied,
    place: knowledge.place ?? null,
    newest: newest.mark() ?? null,
    plc: directory.lastGood() ?? null,
    slivers: { names: [...slivers.names()] },
    resources: [...resources.sets()],
    requests: [...requests.saved()],
    leases: [...leases.saved()],
    clock: plcTime.saved(),
    failsafe: failsafe.saved(),
    slices: [...knowledge.slices],
  });
  const save = async (): Promise<void> => {
    try {
      await stateFile.save();
    } catch (error) {
      log.write("state.save.failed", { why: String(error) });
      throw error;
    }
  };
  const requests = createRequests(config, { save });
  const failed = (name: string, error: unknown): void => log.write("sliver.failed", { name, why: String(error) });
  const bringUpToDate = (slice: Slice): Promise<void> =>
    slivers.ensure(slice).catch((error: unknown) => failed(slice.name, error));
  const keepOnly = (slices: readonly Slice[]): void => {
    knowledge.slices = slices;
    const names = new Set(slices.map(({ name }) => name));
    resources.keepOnly(names);
    leases.keepOnly(names);
  };
  /** Those whose time is over are ended, also while PLC can't be heard. */
  const endExpired = async (): Promise<void> => {
    const over = knowledge.slices.filter((slice) => expiry.isOver(slice));
    if (over.length === 0) return;
    keepOnly(knowledge.slices.filter((slice) => !over.includes(slice)));
    for (const { name } of over) await slivers.destroy(name).catch((error: unknown) => failed(name, error));
    saveQuietly();
  };

  Object.assign(knowledge, { applied: state.applied, place: state.place ?? undefined, slices: state.slices });
  resources.restore(state.resources, absence.elapsedMs);
  requests.restore(state.requests);
  leases.restore(state.leases, absence.elapsedMs);
  failsafe.restore(state.failsafe, absence.elapsedMs);
  using watch = startClockWatch(machine.clock, config, {
    log: log.write,
    last: state.clock,
    onLook() {
      leases.look();
      void endExpired();
    },
    onStep: saveQuietly,
  });
  let ntp: NtpState = "not asked";
  let isCorrected = false;
  const applier = createApplier(host.clock, config, {
    log: log.write,
    dump,
    knowledge,
    identity,
    slivers,
    newest,
    confFiles,
    failsafe,
    held,
    isOver: (slice) => expiry.isOver(slice),
    onTimestamp(timestampMs, askedMs) {
      const got = machine.clock.monotonic();
      plcTime.hear(timestampMs, got - askedMs, got);
      const there = plcTime.told();
      if (isCorrected || there === undefined) return;
      isCorrected = true;
      leases.correct(absence.correction(there) ?? 0);
      watch.hear(there);
    },
    // A full disk must not stop the loop; the log has it, and the next document tries again.
    beforeLoss: () => save().catch(() => undefined),
    async onApplied() {
      keepOnly(knowledge.slices);
      await save().catch(() => undefined);
    },
  });
  const loop = createLoop(host, config, {
    log: log.write,
    identity,
    source,
    applier,
    knowsSomething: knowledge.applied > 0,
  });
  const status = (): { readonly [member: string]: XmlRpcValue } => ({
    node_id: nodeId() ?? null,
    identity: identity.report(),
    credentials: { ...credentials.report() },
    slivers: slivers.names(),
    work: { ...slivers.work() },
    applied: knowledge.applied,
    place: knowledge.place === undefined ? null : { ...knowledge.place },
    resources: { ...resources.report() },
    requests: { ...requests.report() },
    rpc: { ...rpc.report() },
    leases: { ...leases.report() },
    cpu: { by: places.by, ...cpu.report() },
    clock: { boot: machine.clock.boot, rate: timescale.rate(), ...watch.report() },
    ntp,
    plc_clock: { ...plcTime.report() },
    log_dropped: log.dropped(),
    output_dropped: machine.unlogged(),
    state: { ...stateFile.report() },
    dump_dropped: dump.dropped(),
    ...record.report(),
    loop: { ...loop.report() },
    conf_files: { ...confFiles.report().failed },
    failsafe: { ...failsafe.report() },
    held: held.report(),
  });
  await slivers.discover();
  await identity.load();
  await credentials.load();
  await using doors = new AsyncDisposableStack();
  const rpc: Rpc = await serveRpc(host, config, {
    log: log.write,
    dump,
    machine: machine.clock,
    recentLines: (count) => log.recent(count),
    requests,
    resources,
    leases,
    loopAgeMs: () => loop.ageMs(),
    lagMs: () => timescale.lagMs(),
    status: config.guards.has("report-status") ? () => log.hide(status()) : undefined,
    dumpState: config.guards.has("dump-state")
      ? () => dumpState(host.files, { nodeId: nodeId(), applied: applier.last() })
      : undefined,
  });
  doors.use(rpc);
  const groups = () => slivers.groups();
  const traffic = doors.use(createTraffic(host, config, { log: log.write, groups }));
  const accounts = createAccounts(host, config, { log: log.write, groups, traffic });
  const idOf = (name: string): number => knowledge.slices.find((slice) => slice.name === name)?.id ?? 0;
  doors.use(await serveSliceStat(host, { port: config.sliceStatPort, accounts, dump, idOf }));
  const { guards } = config;
  for (const name of cachedSlivers(slivers.names(), state, { ...absence, guards })) void slivers.run(name);
  log.write("ready", { node_id: nodeId() ?? null });
  if (config.ntp !== undefined)
    void watchNtp(host, config.ntp, {
      log: log.write,
      contain: createContain(config.guards, log.write),
      onState: (state) => (ntp = state),
      signal,
    });
  await loop.run(signal);
  return 0;
}
