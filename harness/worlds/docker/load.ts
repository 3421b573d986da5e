/**
 * Processes that want the CPU, in a container beside the service's. Both are kept to one CPU, where the engine shares it between them by weight: as many
 * shares as there are busy processes, so that the service gets what it would get among so many of its own kind.
 */
import { randomUUID } from "node:crypto";
import { mark, serviceMark } from "../local/marked.ts";
import type { Container, Engine, Labels } from "./engine.ts";

export interface LoadOptions {
  readonly engine: Engine;
  readonly image: string;
  readonly service: string;
  readonly run: string;
  readonly labels: Labels;
  readonly container: Container;
}

const ordinaryWeight = 1024;
/** The most that an engine takes. */
const mostWeight = 262_144;

export function createLoad({ engine, image, service, run, labels, container }: LoadOptions) {
  const last = String(engine.cpus - 1);
  const all = engine.cpus === 1 ? "0" : `0-${last}`;
  let loads = 0;
  return async (processes: number): Promise<AsyncDisposable> => {
    await using started = new AsyncDisposableStack();
    loads += 1;
    started.defer(async () => {
      loads -= 1;
      if (loads === 0) await container.update({ onlyCpus: all });
    });
    const busy = await engine.createContainer({
      name: `sinbin-${run}-${service}-load-${randomUUID().slice(0, 8)}`,
      image,
      labels,
      entrypoint: ["sh", "-c", `for n in $(seq ${processes}); do while :; do :; done & done; wait`],
      command: [],
      // Marked as the run's, so that the gate's last sweep finds it; it is not the service's.
      environment: { [mark]: run, [serviceMark]: "" },
      limits: { onlyCpus: last, cpuWeight: Math.min(mostWeight, ordinaryWeight * processes) },
    });
    started.defer(() => busy.remove());
    await busy.start();
    await container.update({ onlyCpus: last });
    return started.move();
  };
}
