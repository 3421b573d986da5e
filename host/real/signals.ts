import type { Signals } from "../host.ts";

export const realSignals: Signals = {
  on(signal, handler) {
    // Node passes the signal's name and number; a handler of ours takes nothing, and the same one may be registered twice.
    const listener = (): void => handler();
    process.on(`SIG${signal}`, listener);
    return { [Symbol.dispose]: () => void process.off(`SIG${signal}`, listener) };
  },
};
