/** A service whose lives are those of one container. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ResolverTarget } from "../../../faults/resolver/contract.ts";
import { WorldError } from "../../errors.ts";
import { isImage } from "../../plan/kind.ts";
import type { Life } from "../life.ts";
import { createService } from "../service.ts";
import type { ServiceOptions, SupervisedService } from "../service.ts";
import { limitsOf } from "./containers.ts";
import type { Container, Engine } from "./engine.ts";
import type { GateClient } from "./gate-client.ts";
import type { ServiceNetwork } from "./networks.ts";
import { startContainerLife } from "./life.ts";
import type { RemoteClock } from "./clocks.ts";
import { createResources } from "./resources.ts";
import { createRemoteTargets } from "./targets.ts";

type Made = "startLife" | "readFile" | "newsOfEnds" | "targets" | "onReady" | "healthy";

export interface ContainerServiceOptions extends Omit<ServiceOptions, Made> {
  readonly container: Container;
  readonly gate: GateClient;
  readonly seed: (life: number) => number;
  readonly engine: Engine;
  readonly load: (processes: number) => Promise<AsyncDisposable>;
  readonly network: ServiceNetwork;
  /** Undefined: it asks no name server. */
  readonly resolver: ResolverTarget | undefined;
  /** Undefined: it has the machine's. */
  readonly clock: RemoteClock | undefined;
}

const betweenLooksMs = 100;

export function createContainerService(options: ContainerServiceOptions): SupervisedService {
  const { name, service, engine, container, gate, seed, load, network, clock, record } = options;
  let current: Life | undefined;
  const life = (): Life | undefined => (current?.isGone() === false ? current : undefined);
  const own = limitsOf(service) ?? {};
  const resources = createResources({ service: name, engine, container, gate, own, runs: () => life() !== undefined });
  const { targets, ...remote } = createRemoteTargets({
    service: name,
    gate,
    volumes: isImage(options.service) ? (options.service.volumes ?? []) : undefined,
    life,
    load,
    resources,
    cable: { gate: network.harness, service: network.service },
  });
  const supervised = createService({
    ...options,
    targets: {
      ...targets,
      ...(options.resolver !== undefined && { resolver: options.resolver }),
      ...(clock !== undefined && { clock: clock.steered.target }),
      ...(clock?.timekeeper !== undefined && { timekeeper: clock.timekeeper }),
    },
    async startLife(number, events) {
      await remote.allowed();
      await resources.begins();
      await clock?.steered.starts();
      await gate.ask("service.begins", { service: name, seed: seed(number) });
      current = await startContainerLife({
        service: name,
        container,
        gate,
        killed: () => resources.killed(),
        ...events,
      });
      resources.began();
      await clock?.began();
      return current;
    },
    async onReady() {
      try {
        await gate.ask("service.ready", { service: name });
      } catch (error) {
        if (!(error instanceof WorldError)) throw error;
        record({ event: "run.trouble", reason: error.message });
      }
    },
    async readFile(path) {
      const bytes = await targets.disk.read(path);
      if (bytes === undefined) throw Object.assign(new Error(`${path} is not there`), { code: "ENOENT" });
      return bytes;
    },
    newsOfEnds: async () => {},
    async healthy(signal) {
      while ((await container.inspect()).health !== "healthy") await sleep(betweenLooksMs, undefined, { signal });
    },
  });
  if (clock === undefined) return supervised;
  return { ...supervised, clockOffset: () => clock.offset(), hasSeenClock: () => clock.wasSeen() };
}
