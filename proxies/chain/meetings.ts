/**
 * Between two proxies of a chain: whose connection it is that one of them has dialled, and the other accepted. The port on loopback from which it was dialled
 * is known to both, and whoever hears of it first waits for the other.
 *
 *     outer ── dials from port 40001, for connection 7 ──► meeting ◄── has accepted from port 40001 ── inner
 */
import type { Address } from "../../host/host.ts";
import type { Caller, Neighbours } from "../caller.ts";

export interface Meetings {
  dialled(caller: Caller, to: Address, from: number): void;
  /** For the proxy that listens on this port. A stranger, who has no business there, waits for good. */
  admissionAt(port: () => number): NonNullable<Neighbours["admit"]>;
}

/** Dials that nobody has accepted yet; the oldest are forgotten. */
const mostDialled = 10_000;

const keyOf = (to: number, from: number): string => `${from}:${to}`;

export function createMeetings(): Meetings {
  const dialled = new Map<string, Caller>();
  const accepted = new Map<string, (caller: Caller) => void>();

  return {
    dialled(caller, to, from) {
      const key = keyOf(to.port, from);
      const then = accepted.get(key);
      if (then !== undefined) {
        accepted.delete(key);
        then(caller);
        return;
      }
      dialled.set(key, caller);
      const [oldest] = dialled.keys();
      if (dialled.size > mostDialled && oldest !== undefined) dialled.delete(oldest);
    },
    admissionAt: (port) => (socket, then) => {
      socket.on("error", () => {});
      const key = keyOf(port(), socket.remotePort ?? 0);
      const caller = dialled.get(key);
      if (caller !== undefined) {
        dialled.delete(key);
        then(caller);
        return;
      }
      accepted.set(key, then);
      socket.once("close", () => {
        if (accepted.get(key) === then) accepted.delete(key);
      });
    },
  };
}
