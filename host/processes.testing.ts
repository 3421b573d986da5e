/** What signals and children do on every host. */
import { expect, test } from "vitest";
import { until, type HostPair } from "./talk.testing.ts";

export function describeProcesses(startPair: () => Promise<HostPair>): void {
  test("every handler of a signal is called, the same one twice, until it is disposed of", async () => {
    await using pair = await startPair();
    const heard: string[] = [];
    const { signals } = pair.client;
    const twice = (): void => void heard.push("twice");
    using first = signals.on("USR2", twice);
    using second = signals.on("USR2", twice);
    void first;
    using last = signals.on("USR2", () => heard.push("last"));
    void last;
    pair.raise("USR2");
    await until(() => heard.length >= 3);
    expect(heard).toEqual(["twice", "twice", "last"]);
    second[Symbol.dispose]();
    pair.raise("USR2");
    await until(() => heard.length >= 5);
    expect(heard).toEqual(["twice", "twice", "last", "twice", "last"]);
  });

  test("a signal that asks for an end does nothing of the kind while somebody handles it", async () => {
    await using pair = await startPair();
    let heard = 0;
    using handler = pair.client.signals.on("HUP", () => (heard += 1));
    void handler;
    pair.raise("HUP");
    await until(() => heard === 1);
    await pair.client.clock.sleep(1);
    expect(heard).toBe(1);
  });

  test("a child ends by itself, or by a signal, and nothing is left to signal then", async () => {
    await using pair = await startPair();
    const { processes } = pair.client;
    const short = await processes.start("sleep", ["0.01"]);
    expect(await short.exited).toEqual({ code: 0, signal: undefined });
    expect(short.signal("TERM")).toBe(false);
    const long = await processes.start("sleep", ["1000"]);
    expect(long.pid).not.toBe(short.pid);
    expect(long.signal("TERM")).toBe(true);
    expect(await long.exited).toEqual({ code: undefined, signal: "TERM" });
    expect(long.signal("TERM")).toBe(false);
  });

  test("a child that is stopped ends of TERM when it goes on, and of KILL at once", async () => {
    await using pair = await startPair();
    const { processes } = pair.client;
    const polite = await processes.start("sleep", ["1000"]);
    for (const signal of ["STOP", "TERM", "CONT"] as const) expect(polite.signal(signal)).toBe(true);
    expect(await polite.exited).toEqual({ code: undefined, signal: "TERM" });
    const rude = await processes.start("sleep", ["1000"]);
    for (const signal of ["STOP", "KILL"] as const) rude.signal(signal);
    expect(await rude.exited).toEqual({ code: undefined, signal: "KILL" });
  });

  test("a child that is stopped goes on when its pid is resumed, and a pid that is nobody's is no error", async () => {
    await using pair = await startPair();
    const { processes } = pair.client;
    const child = await processes.start("sleep", ["1000"]);
    for (const signal of ["STOP", "TERM"] as const) child.signal(signal);
    processes.resume(child.pid);
    expect(await child.exited).toEqual({ code: undefined, signal: "TERM" });
    processes.resume(child.pid);
  });

  test("a child is counted while it is there, and others' are not", async () => {
    await using pair = await startPair();
    const { processes } = pair.client;
    const child = await processes.start("sleep", ["1000"]);
    const { cpus, memoryBytes, groups } = await processes.usage();
    expect(cpus).toBeGreaterThan(0);
    expect(memoryBytes).toBeGreaterThan(0);
    expect(groups.get(child.pid)).toMatchObject({ processes: 1, pastCpuMs: 0 });
    expect([...(await processes.usage([child.pid])).groups.keys()]).toEqual([child.pid]);
    expect((await processes.usage([process.pid])).groups.size).toBe(0);
    child.signal("KILL");
    await child.exited;
    expect((await processes.usage()).groups.has(child.pid)).toBe(false);
  });

  test("a child that has no connections has sent and received nothing, and is not there when it has ended", async () => {
    await using pair = await startPair();
    const { processes } = pair.client;
    using traffic = await processes.traffic();
    expect((await traffic.look()).size).toBe(0);
    const child = await processes.start("sleep", ["1000"]);
    expect(Object.fromEntries(await traffic.look())).toEqual({
      [child.pid]: { sentBytes: 0, receivedBytes: 0, pastSentBytes: 0, pastReceivedBytes: 0 },
    });
    child.signal("KILL");
    await child.exited;
    expect((await traffic.look()).size).toBe(0);
  });

  test("a command that is not there can't be started", async () => {
    await using pair = await startPair();
    await expect(pair.client.processes.start("/no/such/command", [])).rejects.toMatchObject({
      code: "ENOENT",
      syscall: "spawn /no/such/command",
    });
  });
}
