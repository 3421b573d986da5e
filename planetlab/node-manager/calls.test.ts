/** The Node Manager's XML-RPC, as its clients see it. */
import { connect } from "node:net";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { decodeReply, type XmlRpcValue } from "../xml-rpc.ts";
import { call, portOf, prepare, startNode, startPlc, three } from "../programs.testing.ts";

prepare();

const system = ["system.listMethods", "system.methodHelp", "system.methodSignature"];

describe("the agent's calls", () => {
  test("acquire and bind, again and in vain, and after a restart", async () => {
    await using plc = await startPlc("--slices", "3");
    const first = await startNode(plc.address, []);
    await first.see("document.applied");
    const [, rcap] = (await call(first, "acquire", { nm_cpu_share: 1000 })) as [number, string];
    expect(rcap).toMatch(/^[0-9a-f]{32}$/);
    expect(await call(first, "acquire", { nm_cpu_share: 1000 })).toMatchObject([2, expect.anything()]);
    expect(await call(first, "acquire", { nm_cpu_share: 1.5 })).toMatchObject([1, expect.anything()]);
    expect(await call(first, "bind", "princeton_slice009", rcap)).toMatchObject([5, expect.anything()]);
    expect(await call(first, "bind", "princeton_slice001", rcap)).toEqual([0, "ok"]);
    expect(await call(first, "bind", "princeton_slice001", rcap)).toEqual([0, "ok"]);
    first.signal("SIGKILL");
    await first.exited;
    await using node = await startNode(plc.address, ["--unbound", "200ms"], first.directory);
    expect(await call(node, "bind", "princeton_slice001", rcap)).toEqual([0, "ok"]);
    expect(await call(node, "bind", "princeton_slice002", rcap)).toMatchObject([4, expect.anything()]);
    const [, unbound] = (await call(node, "acquire", { nm_cpu_share: 24 })) as [number, string];
    await node.see("resources.collected");
    expect(await call(node, "bind", "princeton_slice002", unbound)).toMatchObject([3, expect.anything()]);
    expect(await call(node, "status")).toMatchObject([
      0,
      { node_id: 42, slivers: three, resources: { capacity: 1024, bound: 1000, unbound: 0, free: 24 } },
    ]);
  });

  test("whoever asks for the window is told how long a set may be bound, once more too, and by how much that was extended", async () => {
    await using plc = await startPlc("--slices", "1");
    await using node = await startNode(plc.address, ["--unbound", "90s"]);
    const terms = { request: "mine", window: true };
    const [code, granted] = (await call(node, "acquire", {}, terms)) as [number, { window: number }];
    expect([code, granted]).toMatchObject([0, { rcap: expect.stringMatching(/^[0-9a-f]{32}$/), extended_by: 0 }]);
    expect(granted.window).toBeGreaterThan(0);
    expect(granted.window).toBeLessThanOrEqual(90);
    expect(await call(node, "acquire", {}, terms)).toEqual([0, granted]);
    expect(await call(node, "status")).toMatchObject([0, { resources: { extended: 0, extended_ms: 0 } }]);
  });

  test("a resource that nobody knows has a code of its own, in a set as in a lease", async () => {
    await using plc = await startPlc("--slices", "1");
    await using node = await startNode(plc.address, []);
    await node.see("document.applied");
    const refused = [
      7,
      expect.stringContaining("there is no resource nm_cpu_shares: those that are known are nm_cpu_share, "),
    ];
    expect(await call(node, "acquire", { nm_cpu_share: 8, nm_cpu_shares: 16 })).toEqual(refused);
    const lease = { length: 3600, rspec: { nm_cpu_shares: 16 } };
    expect(await call(node, "lease", "princeton_slice001", lease)).toEqual(refused);
    expect(await call(node, "status")).toMatchObject([0, { resources: { unbound: 0 }, leases: { boosted: [] } }]);
    expect(await call(node, "acquire", { nm_cpu_share: 8, nm_disk_quota: 16 })).toMatchObject([0, expect.anything()]);
  });

  test("members of what it answers are written in one way", async () => {
    await using plc = await startPlc("--slices", "1");
    await using node = await startNode(plc.address, []);
    await node.see("document.applied");
    const told = [await call(node, "ping"), await call(node, "status"), await call(node, "dump_state")];
    const names = [...JSON.stringify(told).matchAll(/"(\w+)":/g)].map(([, name]) => name);
    expect(names).toContain("last_applied_ms");
    expect(names.filter((name) => /[A-Z]/.test(name ?? ""))).toEqual([]);
  });

  test("a method says what it is, and all of them what there is: as bare values, as introspection has them", async () => {
    await using plc = await startPlc("--slices", "1");
    await using node = await startNode(plc.address, ["--without", "dump-state"]);
    const names = (await call(node, "system.listMethods")) as readonly string[];
    expect(names).toEqual(["acquire", "bind", "dump", "lease", "log", "ping", "release", "status", ...system]);
    for (const name of names) {
      expect(await call(node, "system.methodHelp", name)).toContain(`${name}(`);
      expect(await call(node, "system.methodSignature", name)).toBe("undef");
    }
    await expect(call(node, "system.methodHelp", "dump_state")).rejects.toThrow("write system.methodHelp(the name");
    await expect(call(node, "system.methodSignature")).rejects.toThrow("write system.methodSignature(the name");
  });

  test("nonsense at the door is answered or dropped, and does no harm", async () => {
    await using plc = await startPlc("--slices", "1");
    await using node = await startNode(plc.address, []);
    await expect(call(node, "no.such.method")).rejects.toThrow("there is no method");
    const post = async (body: string | Uint8Array<ArrayBuffer>): Promise<string> =>
      (await fetch(`http://${String(portOf(node))}/`, { method: "POST", body })).text();
    expect(decodeReply(await post("GET / rubbish <<<"))).toHaveProperty("fault.code", -32_700);
    const large = await fetch(`http://${String(portOf(node))}/`, {
      method: "POST",
      body: new Uint8Array(2 * 1024 * 1024),
    }).then(
      (reply) => reply.status,
      () => "dropped",
    );
    expect([413, "dropped"]).toContain(large);
    expect((await fetch(`http://${String(portOf(node))}/`)).status).toBe(405);
    const [host = "", port = ""] = String(portOf(node)).split(":");
    for (const text of ["\u0016\u0003\u0001", "GET ", "\r\n\r\n\r\n", "x".repeat(100_000)]) {
      const socket = connect(Number(port), host).on("error", () => undefined);
      await once(socket, "connect");
      socket.write(text, () => socket.resetAndDestroy());
      await once(socket, "close");
    }
    expect(await call(node, "ping")).toMatchObject([0, { loop_age_ms: expect.any(Number) }]);
  });
});

describe("leases", () => {
  const slice = "princeton_slice001";

  test("a short one is made longer, and a request that comes once more is answered as before", async () => {
    await using plc = await startPlc("--slices", "2");
    await using node = await startNode(plc.address, ["--min-lease", "60s"]);
    await node.see("document.applied");
    const terms = { length: 0.1, request: "mine", rspec: { nm_cpu_share: 100 } };
    const [code, granted] = (await call(node, "lease", slice, terms)) as [number, XmlRpcValue];
    expect([code, granted]).toMatchObject([0, { length: 60, minimum: 60, extended_by: 0 }]);
    expect(await call(node, "lease", slice, terms)).toEqual([0, granted]);
    expect(await call(node, "lease", "princeton_slice002", { length: 1 })).toMatchObject([2, expect.anything()]);
  });

  test("what makes no sense is refused: a past that is too far back, with both times, and terms that are none", async () => {
    await using plc = await startPlc("--slices", "1");
    await using node = await startNode(plc.address, []);
    await node.see("document.applied");
    expect(await call(node, "lease", slice, { length: 60, begin: 1_000_000_000 })).toMatchObject([
      6,
      expect.stringMatching(/begins at 1000000000\.000 s since 1970, and here it is \d+\.\d{3} s .*past/),
    ]);
    expect(await call(node, "lease", slice, { length: 60, begin: 3_900_000_000 })).toMatchObject([
      6,
      expect.stringContaining("too far away"),
    ]);
    expect(await call(node, "lease", "princeton_slice009", { length: 60 })).toMatchObject([5, expect.anything()]);
    for (const terms of [{}, { length: -1 }, { length: "60" }, { length: 60, beginn: 1 }])
      expect(await call(node, "lease", slice, terms)).toMatchObject([1, expect.stringContaining("write lease(")]);
  });

  test("what has begun goes on after kill -9, and lasts no less than it was granted for", async () => {
    await using plc = await startPlc("--slices", "1");
    const first = await startNode(plc.address, ["--min-lease", "1s"]);
    await first.see("document.applied");
    const began = performance.now();
    expect(await call(first, "lease", slice, { length: 2 })).toMatchObject([0, { length: 2 }]);
    first.signal("SIGKILL");
    await first.exited;
    await using node = await startNode(plc.address, ["--min-lease", "1s"], first.directory);
    await node.see("lease.resume", { slice });
    await node.see("lease.end", { slice });
    expect(performance.now() - began).toBeGreaterThanOrEqual(2000);
  });
});
