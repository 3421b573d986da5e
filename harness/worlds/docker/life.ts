/** One life of a service in its container, from the start of the container to its end. */
import { constants } from "node:os";
import { z } from "zod";
import type { Exit, SignalName } from "../../../host/host.ts";
import { createOrders } from "../life.ts";
import type { Life, LifeEvents } from "../life.ts";
import { createLineSplitter } from "../lines.ts";
import type { Container } from "./engine.ts";
import type { GateClient } from "./gate-client.ts";

export interface ContainerLifeOptions extends LifeEvents {
  readonly service: string;
  readonly container: Container;
  readonly gate: GateClient;
  /** It was killed, and not by a signal that was asked for: whether a fault has had it killed. */
  readonly killed: () => Promise<boolean>;
}

const arrival = z.boolean();

/** Resolves once the service runs in it, or has ended already. @throws {WorldError} */
export async function startContainerLife(options: ContainerLifeOptions): Promise<Life> {
  const { service, container, gate, killed, onLine, onExit } = options;
  const splitters = {
    out: createLineSplitter((line, cut) => onLine("out", line, cut)),
    err: createLineSplitter((line, cut) => onLine("err", line, cut)),
  };
  const output = await container.listen((stream, chunk) => splitters[stream].feed(chunk));
  await container.start();
  const orders = createOrders();
  let gone = false;
  const conclude = async (): Promise<Exit> => {
    const exit = exitOf(await container.wait());
    gone = true;
    if (exit.signal === "KILL" && !orders.isOrdered(exit) && (await killed())) orders.tell();
    await output.ended;
    for (const splitter of Object.values(splitters)) splitter.end();
    onExit({ ...exit, ordered: orders.isOrdered(exit) });
    return exit;
  };
  const exited = conclude();
  // An engine that dies is told of by the world.
  exited.catch(() => {});
  const { pid } = await container.inspect();
  if (pid !== 0) await gate.ask("service.began", { service, pid });

  return {
    exited,
    isGone: () => gone,
    async signal(signal, to) {
      const arrived = arrival.parse(await gate.ask("process.signal", { service, signal, to }));
      if (arrived) orders.delivered(signal);
      return arrived;
    },
    pause: (to) => gate.holdIf("process.pause", { service, to }),
    order: () => orders.tell(),
  };
}

const firstSignalCode = 128;

/** Docker's init ends as shells do: with 128 and the number of the signal that has ended what it started. */
function exitOf(code: number): Exit {
  const number = code - firstSignalCode;
  const [name] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  return name === undefined
    ? { code, signal: undefined }
    : { code: undefined, signal: name.replace(/^SIG/, "") as SignalName };
}
