/** What simulated children are taken to use, which plans compare with what is told of them. */
import { expect, test } from "vitest";
import { createTestWorld } from "./pair.testing.ts";

test("a shell uses a known little for as long as it is not stopped, and a sleeper has nothing but its memory", async () => {
  const { time, client, open } = createTestWorld();
  await time.pass(async () => {
    const { processes } = open(client);
    using traffic = await processes.traffic();
    const shell = await processes.start("/bin/sh", ["-c", "cat"]);
    const sleeper = await processes.start("sleep", ["infinity"]);
    const began = time.now();
    const go = (until: number): Promise<void> => new Promise((resolve) => void time.at(began + until - 1, resolve));
    await go(10_000);
    shell.signal("STOP");
    await go(60_000);
    expect((await processes.usage()).groups.get(shell.pid)?.cpuMs).toBeCloseTo(200, 0);
    shell.signal("CONT");
    await go(70_000);
    const { groups } = await processes.usage();
    const memory = { processes: 1, residentBytes: 4 * 1024 * 1024, virtualBytes: 16 * 1024 * 1024 };
    expect(groups.get(shell.pid)).toMatchObject({ ...memory, active: 0, pastCpuMs: 0 });
    expect(groups.get(shell.pid)?.cpuMs).toBeCloseTo(400, 0);
    expect(groups.get(sleeper.pid)).toMatchObject({ ...memory, cpuMs: 0 });
    const sent = await traffic.look();
    expect(sent.get(shell.pid)?.sentBytes).toBeCloseTo(20_000, -2);
    expect(sent.get(shell.pid)?.receivedBytes).toBeCloseTo(60_000, -2);
    expect(sent.get(sleeper.pid)).toMatchObject({ sentBytes: 0, receivedBytes: 0 });
  });
});
