/**
 * The gate: what stands between the services of a run, in a container of its own. It is told what to do over its standard input and output, and when
 * these end, everything that it does ends, and with it every process of the run.
 *
 *     node main.ts RUN
 */
import { createRealHost } from "../../../../host/real.ts";
import { sweep } from "../../local/sweep.ts";
import { joinPipes } from "../pipes.ts";
import { serveGate } from "../pipe.ts";
import { createLentIdentity } from "./identity.ts";
import { createClockOperations } from "./clocks.ts";
import { createLinkOperations } from "./links.ts";
import { createPacketOperations } from "./packets.ts";
import { createServiceOperations } from "./services.ts";

const [run] = process.argv.slice(2);
if (run === undefined) throw new Error("node main.ts RUN");

// Those are for people at terminals; it ends when nobody speaks to it any more.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

const lent = createLentIdentity();
const host = createRealHost({ name: "gate", directory: "/", seed: 0, identity: lent.identity, log: () => {} });
await serveGate({
  pipe: joinPipes(process.stdin, process.stdout),
  operations: {
    clock: async () => ({ value: host.clock.monotonic() }),
    ...lent.operations,
    ...createLinkOperations(host),
    ...createServiceOperations(run),
    ...createPacketOperations(),
    ...createClockOperations(() => host.clock.monotonic()),
  },
  connect: (address, port) => host.network.connect({ host: address, port, halfOpen: true }),
});
await sweep({ run });
process.exit(0);
