/** Node has one environment and one output; while virtual time passes, each simulated process finds its own there. */
import { runningParty } from "./context.ts";

/** Until it is disposed. Whoever is no simulated process finds what was there before. */
export function lendSurroundings(): Disposable {
  const real = process.env;
  Object.defineProperty(process, "env", {
    configurable: true,
    enumerable: true,
    get: () => runningParty()?.env ?? real,
  });
  const streams = (["out", "err"] as const).map((stream) => divert(process[`std${stream}`], stream));
  return {
    [Symbol.dispose]() {
      for (const putBack of streams) putBack();
      Object.defineProperty(process, "env", { configurable: true, enumerable: true, writable: true, value: real });
    },
  };
}

function divert(target: NodeJS.WriteStream, stream: "out" | "err"): () => void {
  const before = Object.getOwnPropertyDescriptor(target, "write");
  const real = target.write.bind(target);
  target.write = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    const party = runningParty();
    if (party?.write === undefined) return (real as (...args: readonly unknown[]) => boolean)(chunk, ...rest);
    party.write(stream, typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
    const done = rest.at(-1);
    if (typeof done === "function") process.nextTick(done);
    return true;
  };
  return () => {
    if (before === undefined) Reflect.deleteProperty(target, "write");
    else Object.defineProperty(target, "write", before);
  };
}
