import { faults } from "../../faults/registry.ts";
import { expect, test } from "vitest";
import { createRealHost } from "../../host/real.ts";
import { WorldError } from "../errors.ts";
import { startLink } from "../worlds/links.ts";
import type { World } from "../worlds/world.ts";
import { inject } from "./inject.ts";

test("a door whose port was taken meanwhile is trouble of the world, and says which step could not be lifted", async () => {
  const host = createRealHost({ name: "test", directory: "/", seed: 1 });
  const nowhere = { host: "127.0.0.1", port: 9 };
  await using link = await startLink({
    name: "fetch",
    host,
    listen: { host: "127.0.0.1", port: 0 },
    server: () => Promise.resolve(nowhere),
    record: () => {},
  });
  const injected = await inject({
    repertoire: faults,
    world: { host, links: new Map([["fetch", link]]) } as unknown as World,
    seed: 1,
    step: "outage",
    occurrence: { n: 0, at: 0, kind: "tcp.refuse", where: ["fetch"], parameters: {}, match: {}, mayMiss: false },
    signal: new AbortController().signal,
    onHit: () => {},
  });
  await using thief = await takeOver(host, link.address.port);
  expect(thief).toBeDefined();
  const lifted = injected[Symbol.asyncDispose]();
  await expect(lifted).rejects.toThrow(WorldError);
  await expect(lifted).rejects.toThrow(/step outage could not be lifted from fetch: .*port/);
});

/** The door is shut in its own time. */
async function takeOver(host: ReturnType<typeof createRealHost>, port: number): Promise<AsyncDisposable> {
  for (;;) {
    try {
      return await host.network.listen({ host: "127.0.0.1", port }, (socket) => void socket.destroy());
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
