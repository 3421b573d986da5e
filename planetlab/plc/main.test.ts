/** What PLC's program does before it serves anybody. */
import { expect, test } from "vitest";
import type { Main } from "../../host/host.ts";
import { createTestWorld } from "../../host/sim/pair.testing.ts";
import { main } from "./main.ts";

const on =
  (port: number): Main =>
  (host) =>
    main(host, ["--listen", String(port), "--control", String(port + 1), "--tls", "off"]);

test("of two in one directory the second says so and ends, and takes over when the first has gone", async () => {
  const world = createTestWorld();
  const logged = (event: string): number => world.logged.filter((each) => each.event === event).length;
  const first = world.start(world.server, on(80));
  const { clock } = world.open(world.server);
  await world.time.pass(async () => {
    while (logged("ready") < 1) await clock.sleep(10);
    expect(await world.start(world.server, on(90)).exited).toEqual({ code: 3 });
    expect(world.logged.at(-1)?.event).toBe("lock.refused");
    first.signal("KILL");
    await first.exited;
    world.start(world.server, on(90));
    while (logged("ready") < 2) await clock.sleep(10);
  });
});
