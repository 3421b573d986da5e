/** What befalls the packets of a service in a container: real ones, of real kernels. */
import { buffer, json } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { hasEngine } from "./engine.testing.ts";
import { openStage, program } from "./stage.testing.ts";
import type { Stage } from "./stage.testing.ts";

const kernel = program(new URL("fixtures/kernel.ts", import.meta.url));
const counters = z.record(z.string(), z.number());
type Counters = z.output<typeof counters>;
const text = Buffer.from(Array.from({ length: 2_000_000 }, (_, n) => (n * 31) & 255));

describe.runIf(hasEngine)("at an engine", () => {
  test("a cut makes connections stall, which go on after it", async () => {
    await using stage = await openStage({ services: { kernel } });
    for (const direction of ["in", "out", "both"]) {
      const before = await countersOf(stage);
      const cut = await stage.inject("network.cut", "kernel", { direction });
      const echoed = echo(stage, Buffer.from("hello"));
      expect(await Promise.race([cut.hit.then(() => "hit"), echoed.then(() => "answer")])).toBe("hit");
      await cut.lift();
      expect((await echoed).toString()).toBe("hello");
      expect(cut.hits).toEqual([{ packets: expect.any(Number) as unknown }]);
      const grown = grownFrom(before, await countersOf(stage));
      // What is asked for a connection gets there, and the answer is lost again and again.
      expect({ direction, answered: grown.includes("TCPSynRetrans") }).toEqual({
        direction,
        answered: direction === "out",
      });
    }
  });

  test("a cut is no hit where nothing went through, and no concern of a copy in the same network", async () => {
    await using stage = await openStage({ services: { kernel, quiet: kernel } });
    const idle = await stage.inject("network.cut", "quiet");
    expect((await echo(stage, Buffer.from("hello"))).toString()).toBe("hello");
    await idle.lift();
    expect(idle.hits).toEqual([]);
  });

  test("what TCP carries arrives as it was, whatever befalls its packets, and the kernel knows what befell them", async () => {
    await using stage = await openStage({ services: { kernel } });
    for (const [kind, parameters, counted] of [
      ["packet.loss", { direction: "in", probability: "3%" }, "TCPOFOQueue"],
      ["packet.loss", { direction: "out", probability: "3%" }, "RetransSegs"],
      ["packet.duplicate", { direction: "in", probability: "20%" }, "TCPDSACKOldSent"],
      ["packet.duplicate", { direction: "out", probability: "20%" }, "TCPDSACKRecv"],
      ["packet.corrupt", { direction: "in", probability: "3%" }, "InCsumErrors"],
      ["packet.corrupt", { direction: "out", probability: "3%" }, "RetransSegs"],
    ] as const) {
      const before = await countersOf(stage);
      const fault = await stage.inject(kind, "kernel", parameters);
      const intact = (await echo(stage, text)).equals(text);
      await fault.lift();
      const grown = grownFrom(before, await countersOf(stage));
      expect({ kind, parameters, intact, hits: fault.hits.length, counted: grown.includes(counted) }).toEqual({
        kind,
        parameters,
        intact: true,
        hits: 1,
        counted: true,
      });
      expect(grown.includes("InCsumErrors")).toBe(counted === "InCsumErrors");
    }
  });
});

function grownFrom(before: Counters, after: Counters): readonly string[] {
  return Object.keys(after).filter((name) => (after[name] ?? 0) > (before[name] ?? 0));
}

async function connect(stage: Stage, port: number) {
  const address = await stage.world.services.get("kernel")?.address(port);
  if (address === undefined) throw new Error("there is no such service");
  return stage.world.host.network.connect(address);
}

async function echo(stage: Stage, bytes: Uint8Array): Promise<Buffer> {
  const socket = await connect(stage, 7000);
  socket.end(bytes);
  return buffer(socket);
}

async function countersOf(stage: Stage): Promise<Counters> {
  return counters.parse(await json(await connect(stage, 7001)));
}
