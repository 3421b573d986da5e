/**
 * A port on which connects get no answer, in user space: a listening socket that nobody accepts from, whose backlog is full. The kernel drops every SYN
 * for it, and the client sends it again.
 *
 *     this thread                          a thread of its own
 *     starts it ─────────────────────────► is there
 *     stops listening ───────────────────► listens with the shortest backlog, fills it, and stands still
 *     listens beside it again, wakes it ─► closes, and ends
 *
 * Node accepts whatever it can as soon as it has time for it: so the thread must have none. Two sockets that share the port (SO_REUSEPORT) leave no
 * moment at the end in which a SYN would be refused. At the beginning there is one, of a fraction of a millisecond, in which a client is refused or reset.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Address } from "../host.ts";

/** macOS knows the option and does something else. */
export const canSharePorts = process.platform === "linux";

export interface SilenceData {
  /** 0 until it is over. */
  readonly over: Int32Array;
}

export interface Silence {
  /** The port must be free, or shared. Resolves when connects get no answer. @throws {Error} with `code` EADDRINUSE and so on. */
  begin(address: Address): Promise<void>;
  /** Resolves when the port is free again. */
  end(): Promise<void>;
}

/** Resolves once its thread is there, which takes a moment: until then the port can be somebody's. */
export async function prepareSilence(): Promise<Silence> {
  const over = new Int32Array(new SharedArrayBuffer(4));
  const workerData: SilenceData = { over };
  const thread = new Worker(new URL("silence-thread.ts", import.meta.url), { workerData });
  const exited = once(thread, "exit");
  /** What is waited for happens, even if nothing else keeps the process alive; a silence by itself keeps no process. */
  async function answer(): Promise<unknown> {
    thread.ref();
    const [said] = (await once(thread, "message")) as unknown[];
    thread.unref();
    return said;
  }
  await answer();
  return {
    async begin(address) {
      const answered = answer();
      thread.postMessage(address, []);
      const trouble = (await answered) as Error | null;
      if (trouble !== null) throw trouble;
    },
    async end() {
      thread.ref();
      Atomics.store(over, 0, 1);
      Atomics.notify(over, 0);
      thread.postMessage(null, []);
      await exited;
    },
  };
}
