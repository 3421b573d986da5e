/** Links whose proxies are in the gate. */
import type { Address } from "../../../host/host.ts";
import { faults } from "../../../faults/registry.ts";
import type { RecordEvent } from "../../history/event.ts";
import type { StartedLink } from "../links.ts";
import type { InnerProxy } from "../../../proxies/chain/planes.ts";
import type { Carrier } from "../transport.ts";
import type { GateClient } from "./gate-client.ts";
import { toldAddress, toldByLink, toldOfHit } from "./operations.ts";

export interface RemoteLinkOptions {
  readonly name: string;
  readonly gate: GateClient;
  readonly carrier: Carrier;
  readonly inner: readonly InnerProxy[];
  /** Where the client looks for the server. */
  readonly listen: Address;
  /** Another address of the gate's that the client can reach. */
  readonly elsewhere: string;
  /** Where the server is. */
  readonly server: Address;
  /** As for a part of the chain. */
  readonly names: readonly string[];
  readonly record: RecordEvent;
}

export async function startRemoteLink({
  name,
  gate,
  carrier,
  inner,
  listen,
  elsewhere,
  server,
  names,
  record,
}: RemoteLinkOptions): Promise<StartedLink> {
  const held = await gate.hold(
    "link.start",
    { name, carrier, inner: [...inner], listen, elsewhere, server, names: [...names] },
    (news) => {
      const { at, ...happening } = toldByLink.parse(news);
      record(happening, gate.toHarness(at));
    },
  );
  const pulses = new AsyncDisposableStack();
  return {
    address: toldAddress.parse(held.value),
    turnedAway: (how) => gate.tell("link.turned-away", { name, how }),
    async inject({ kind, parameters, match, chance }, onHit) {
      const injected = await gate.hold(
        "link.inject",
        { name, kind, parameters, match, chance: { seed: chance.seed, path: [...chance.path] } },
        (news) => onHit(toldOfHit.parse(news).detail),
      );
      if (faults.get(kind)?.pulse !== true) return injected;
      // Nothing is to be lifted, and there may be news of it later.
      pulses.use(injected);
      return { [Symbol.asyncDispose]: async () => {} };
    },
    async [Symbol.asyncDispose]() {
      await pulses.disposeAsync();
      await held[Symbol.asyncDispose]();
    },
  };
}
