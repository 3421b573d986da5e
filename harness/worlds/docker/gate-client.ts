/** The gate of a run as the harness sees it: what it can be asked for, in the words of operations.ts. */
import type { Duplex } from "node:stream";
import { z } from "zod";
import type { Host } from "../../../host/host.ts";
import { WorldError } from "../../errors.ts";
import type { Executed } from "./engine.ts";
import { createGateClock } from "./gate-clock.ts";
import { homeInImage } from "./images.ts";
import type { Input, OperationName } from "./operations.ts";
import { openGate } from "./pipe.ts";
import type { Held } from "./pipe.ts";

export interface GateClient extends Disposable {
  /** @throws {WorldError} if the gate says no, or is gone. */
  ask<Name extends OperationName>(name: Name, input: Input<Name>): Promise<unknown>;
  hold<Name extends OperationName>(name: Name, input: Input<Name>, onNews?: (news: unknown) => void): Promise<Held>;
  /** Tells it of something that it counts for what lasts: it knows of it before anything is lifted. One that is gone does not need to. */
  tell<Name extends OperationName>(name: Name, input: Input<Name>): void;
  /** What lasts only if there was something to act on. */
  holdIf<Name extends OperationName>(
    name: Name,
    input: Input<Name>,
    onNews?: (news: unknown) => void,
  ): Promise<AsyncDisposable | undefined>;
  connect(host: string, port: number, waiting?: { readonly signal?: AbortSignal }): Promise<Duplex>;
  /** A time of the gate's on the harness's clock. */
  toHarness(at: number): number;
  /** Rejects with a `WorldError` when the gate is gone before its time. */
  readonly gone: Promise<never>;
}

const betweenComparisonsMs = 30_000;

export function gateCommand(run: string): readonly string[] {
  return ["node", `${homeInImage}/harness/worlds/docker/gate/main.ts`, run];
}

/** Resolves when it answers. */
export async function speakToGate(executed: Executed, host: Host): Promise<GateClient> {
  using starting = new DisposableStack();
  const gate = openGate(executed.pipe);
  let wanted = true;
  starting.defer(() => {
    wanted = false;
    gate.close();
  });
  const gone = gate.closed.then((): Promise<never> => {
    if (!wanted) return new Promise<never>(() => {});
    const said = executed.complaint().trim();
    throw new WorldError(
      `the gate is gone: ${said === "" ? "its container has ended, or the engine no longer answers" : said}`,
    );
  });
  gone.catch(() => {});

  const clock = await createGateClock(host.clock, async () => z.number().parse(await gate.ask("clock", null)));
  let timer = host.clock.timer(betweenComparisonsMs, compare);
  function compare(): void {
    // One that is gone says so elsewhere.
    clock.compare().catch(() => {});
    timer = host.clock.timer(betweenComparisonsMs, compare);
  }
  starting.defer(() => timer[Symbol.dispose]());
  const told = new Set<Promise<void>>();
  const hold = async (name: string, input: unknown, onNews: (news: unknown) => void = () => {}): Promise<Held> => {
    const held = await gate.hold(name, input, onNews);
    return {
      value: held.value,
      async [Symbol.asyncDispose]() {
        await Promise.all(told);
        await held[Symbol.asyncDispose]();
      },
    };
  };
  const started = starting.move();
  return {
    ask: (name, input) => gate.ask(name, input),
    hold,
    tell(name, input) {
      const telling = gate
        .ask(name, input)
        .catch(() => {})
        .then(() => void told.delete(telling));
      told.add(telling);
    },
    async holdIf(name, input, onNews) {
      const held = await hold(name, input, onNews);
      if (held.value === true) return held;
      await held[Symbol.asyncDispose]();
      return undefined;
    },
    connect: (address, port, waiting) => gate.connect(address, port, waiting),
    toHarness: (at) => clock.toHarness(at),
    gone,
    [Symbol.dispose]: () => started.dispose(),
  };
}
