/** When a service counts as started: it logs an event, or a port of it accepts connections, or (a command of which nothing is said) it runs. */
import { once } from "node:events";
import type { Address, Host } from "../../host/host.ts";
import type { Service } from "../plan/schema.ts";

const betweenLooksMs = 20;

export interface ReadinessOptions {
  readonly service: Service;
  readonly host: Host;
  /** Dispatches an event for each structured line. */
  readonly events: EventTarget;
  readonly address: (port: number) => Address;
  /** Aborted when the process ends. */
  readonly signal: AbortSignal;
}

/** Rejects when the process ends before. */
export async function becomesReady({ service, host, events, address, signal }: ReadinessOptions): Promise<void> {
  const port = service.ready?.port;
  if (port !== undefined) return accepts(port, { host, address, signal });
  const event = service.ready?.log ?? (service.program === undefined ? undefined : "ready");
  if (event !== undefined) await once(events, event, { signal });
}

async function accepts(
  port: number,
  { host, address, signal }: Omit<ReadinessOptions, "service" | "events">,
): Promise<void> {
  for (;;) {
    try {
      const socket = await host.network.connect(address(port), { signal });
      socket.destroy();
      return;
    } catch {
      await host.clock.sleep(betweenLooksMs, { signal });
    }
  }
}
