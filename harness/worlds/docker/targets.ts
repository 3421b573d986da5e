/** What faults act on in a container: the gate acts, since the service's processes and volumes are before it. */
import { z } from "zod";
import type { DiskTarget } from "../../../faults/disk/contract.ts";
import type { Targets } from "../../../faults/targets.ts";
import { targetsOf } from "../local/wire/targets.ts";
import type { Befall } from "../local/wire/wire.ts";
import type { Life } from "../life.ts";
import type { GateClient } from "./gate-client.ts";
import { toldPackets } from "./operations.ts";
import type { Input } from "./operations.ts";
import type { Resources } from "./resources.ts";

const bytesOrNothing = z.base64().nullable();

export interface RemoteTargets {
  readonly targets: Omit<Targets, "process">;
  /** Resolves when the service may start: not while its disk comes back. */
  allowed(): Promise<void>;
}

export interface RemoteTargetsOptions {
  readonly service: string;
  readonly gate: GateClient;
  /** Of an image, whose files are called by absolute paths. */
  readonly volumes: readonly string[] | undefined;
  readonly life: () => Life | undefined;
  readonly load: (processes: number) => Promise<AsyncDisposable>;
  readonly resources: Resources;
  /** Where the gate and the service are in the service's network. */
  readonly cable: Pick<Input<"packets.befall">, "gate" | "service">;
}

export function createRemoteTargets({
  service,
  gate,
  volumes,
  life,
  load,
  resources,
  cable,
}: RemoteTargetsOptions): RemoteTargets {
  let comingBack: Promise<unknown> | undefined;
  const at = (path: string): { readonly service: string; readonly path: string } => ({
    service,
    path: path.replace(/^\//, ""),
  });
  const disk: DiskTarget = {
    async files() {
      const found = z.array(z.string()).parse(await gate.ask("disk.files", { service }));
      return volumes !== undefined ? found.map((path) => `/${path}`) : found;
    },
    read: async (path) => bytesOf(await gate.ask("disk.read", at(path))),
    put: async (path, bytes) =>
      void (await gate.ask("disk.put", { ...at(path), bytes: Buffer.from(bytes).toString("base64") })),
    delete: async (path) => z.boolean().parse(await gate.ask("disk.delete", at(path))),
    rename: async (from, to) => z.boolean().parse(await gate.ask("disk.rename", { ...at(from), to: at(to).path })),
    previous: async (path) => bytesOf(await gate.ask("disk.previous", at(path))),
    async refuse(code, onRefused) {
      // An image has no host that could refuse: what is full is full.
      if (volumes !== undefined) return gate.hold("disk.fill", { service, volumes: [...volumes] });
      return gate.hold("disk.refuse", { service, code }, onRefused);
    },
    async losePower({ seed, path }) {
      life()?.order();
      const losing = gate.ask("disk.lose-power", { service, chance: { seed, path: [...path] } });
      comingBack = losing.catch(() => {});
      return z.boolean().parse(await losing);
    },
  };
  const befall: Befall = (fate, onFirst) =>
    gate.hold("packets.befall", { ...cable, ...fate }, (news) => onFirst(toldPackets.parse(news)));
  return {
    allowed: async () => void (await comingBack),
    targets: {
      disk,
      cpu: {
        freeze: () => gate.holdIf("cpu.freeze", { service }),
        load,
        share: (...wanted) => resources.shareCpu(...wanted),
      },
      limits: {
        limit: (what, to, onRefused) => gate.holdIf("limits.limit", { service, what, to }, onRefused),
        memory: async (to, onKilled) => (life() === undefined ? undefined : resources.limitMemory(to, onKilled)),
      },
      ...targetsOf(befall),
    },
  };
}

function bytesOf(value: unknown): Uint8Array | undefined {
  const text = bytesOrNothing.parse(value);
  return text === null ? undefined : Buffer.from(text, "base64");
}
