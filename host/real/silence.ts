/**
 * A port on which connects get no answer, in user space: a listening socket that nobody accepts from, whose backlog is full. The kernel drops every SYN
 * for it, and the client sends it again.
 *
 *     this thread                          a thread of its own, for all that are silent at a time
 *     starts it, if there is none ───────► is there
 *     stops listening ───────────────────► listens with the shortest backlog, fills it, and stands still
 *     listens beside it again, wakes it ─► closes, and stands still, or ends with the last silence
 *
 * Node accepts whatever it can as soon as it has time for it: so the thread must have none. Two sockets that share the port (SO_REUSEPORT) leave no
 * moment at the end in which a SYN would be refused. At the beginning there is one, of a fraction of a millisecond, in which a client is refused or reset:
 * so one silence after the other begins.
 */
import { Worker } from "node:worker_threads";
import type { Address } from "../host.ts";

/** macOS knows the option and does something else. */
export const canSharePorts = process.platform === "linux";

export interface SilenceData {
  /** How many messages the thread has been sent: it stands still until there is one more. */
  readonly sent: Int32Array;
}

/** To the thread: be silent there from now on, or be so no more. */
export interface Order {
  readonly id: number;
  readonly address: Address | undefined;
}

/** From the thread, to each order. */
export interface Carried {
  readonly id: number;
  readonly trouble: Error | undefined;
}

/** Before all orders it says that it is ready. */
export const ready = 0;

export interface Silence {
  /** The port must be free, or shared. Resolves when connects get no answer. @throws {Error} with `code` EADDRINUSE and so on. */
  begin(address: Address): Promise<void>;
  /** Resolves when the port is free again. Once is enough. */
  end(): Promise<void>;
}

export interface Silences {
  /** Resolves once the thread is there, which takes a moment, and on a busy machine seconds. It stays until the result is disposed. */
  ready(): Promise<AsyncDisposable>;
  /** Resolves once the thread is there and has time: until then the port can be somebody's. The next one waits until this one has begun, or ended. */
  prepare(): Promise<Silence>;
}

export function createSilences(): Silences {
  let shared: Promise<Thread> | undefined;
  let users = 0;
  let begun = Promise.resolve();
  let lastId = ready;

  async function enter(): Promise<Thread> {
    users += 1;
    const starting = (shared ??= startThread());
    try {
      return await starting;
    } catch (error) {
      users -= 1;
      if (shared === starting) shared = undefined;
      throw error;
    }
  }

  async function leave(thread: Thread): Promise<void> {
    users -= 1;
    if (users > 0) return;
    shared = undefined;
    await thread.terminate();
  }

  return {
    async ready() {
      const thread = await enter();
      let leaving: Promise<void> | undefined;
      return { [Symbol.asyncDispose]: () => (leaving ??= leave(thread)) };
    },

    async prepare() {
      lastId += 1;
      const id = lastId;
      const before = begun;
      const { promise, resolve: next } = Promise.withResolvers<void>();
      begun = promise;
      let ending: Promise<void> | undefined;
      async function end(thread: Thread): Promise<void> {
        try {
          await thread.order({ id, address: undefined });
        } finally {
          next();
          await leave(thread);
        }
      }
      try {
        const thread = await enter();
        await before;
        return {
          begin: (address) => thread.order({ id, address }).finally(next),
          end: () => (ending ??= end(thread)),
        };
      } catch (error) {
        next();
        throw error;
      }
    },
  };
}

interface Thread {
  order(order: Order): Promise<void>;
  terminate(): Promise<unknown>;
}

async function startThread(): Promise<Thread> {
  const sent = new Int32Array(new SharedArrayBuffer(4));
  const workerData: SilenceData = { sent };
  const thread = new Worker(new URL("silence-thread.ts", import.meta.url), { workerData });
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  let over: Error | undefined;
  thread
    .on("message", ({ id, trouble }: Carried) => {
      const answered = waiting.get(id);
      waiting.delete(id);
      // What is waited for happens, even if nothing else keeps the process alive; a silence by itself keeps no process.
      if (waiting.size === 0) thread.unref();
      if (trouble === undefined) answered?.resolve();
      else answered?.reject(trouble);
    })
    .on("error", (error: Error) => (over ??= error))
    .on("exit", () => {
      over ??= new Error("the thread that keeps ports silent has ended");
      for (const { reject } of waiting.values()) reject(over);
    });
  function answerTo(id: number): Promise<void> {
    const answered = Promise.withResolvers<void>();
    if (over !== undefined) answered.reject(over);
    waiting.set(id, answered);
    thread.ref();
    return answered.promise;
  }
  await answerTo(ready);
  return {
    order(order) {
      const answered = answerTo(order.id);
      thread.postMessage(order, []);
      Atomics.add(sent, 0, 1);
      Atomics.notify(sent, 0);
      return answered;
    },
    terminate: () => thread.terminate(),
  };
}
