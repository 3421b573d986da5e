/** Memory and CPU of a service in a container, taken away while it runs. */
import { json } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { hasEngine } from "./engine.testing.ts";
import { openStage, program } from "./stage.testing.ts";
import type { Stage } from "./stage.testing.ts";

const eater = { ...program(new URL("fixtures/eater.ts", import.meta.url)), restart: { after: 1 } };
const allowed = z.object({ memory: z.string(), cpu: z.string() });
const bytes = 200 * 1024 * 1024;

describe.runIf(hasEngine)("at an engine", () => {
  test("who needs more memory than it may have is killed, which is a hit and no crash; afterwards it may have all again", async () => {
    await using stage = await openStage({ services: { eater } });
    const before = await allowedTo(stage);
    const limit = await stage.inject("limits.memory", "eater", { to: "200MiB" });
    expect(await allowedTo(stage)).toMatchObject({ memory: String(bytes) });
    await stage.world.services.get("eater")?.targets.process.signal("HUP", "main");
    await limit.hit;
    await stage.until(() => count(stage, "service.exit") === 1 && count(stage, "service.ready") === 2);
    expect(stage.happenings.find(({ event }) => event === "service.exit")).toMatchObject({
      signal: "KILL",
      ordered: true,
    });
    expect(limit.hits).toEqual([{ limit: "memory", to: bytes }]);
    expect(await allowedTo(stage)).toMatchObject({ memory: String(bytes) });
    await limit.lift();
    expect(Number((await allowedTo(stage)).memory)).toBeGreaterThan(Math.min(bytes * 2, Number(before.memory) - 1));
  });

  test("a child that is killed for its memory is a hit, and the service goes on", async () => {
    await using stage = await openStage({ services: { eater } });
    const limit = await stage.inject("limits.memory", "eater", { to: "300MiB" });
    await stage.world.services.get("eater")?.targets.process.signal("USR2", "main");
    await limit.hit;
    await stage.until(() =>
      stage.happenings.some((each) => each.event === "service.log" && each.fields?.["event"] === "child"),
    );
    await limit.lift();
    expect(limit.hits).toHaveLength(1);
    expect(count(stage, "service.exit")).toBe(0);
  });

  test("a limit below what is in use takes nothing away, or kills: in the end there is a limit", async () => {
    await using stage = await openStage({ services: { eater } });
    const limit = await stage.inject("limits.memory", "eater", { to: "16MiB" });
    const killed = limit.hit.then(() => "killed");
    const served = allowedTo(stage).then(
      ({ memory }) => (Number(memory) < bytes ? "limited" : memory),
      () => killed,
    );
    expect(["killed", "limited"]).toContain(await Promise.race([killed, served]));
    await limit.lift();
  });

  test("a throttle is a quota of the kernel's, and what was before is put back", async () => {
    await using stage = await openStage({ services: { eater } });
    const before = await allowedTo(stage);
    const throttle = await stage.inject("cpu.throttle", "eater", { share: "25%", period: "40ms" });
    await throttle.hit;
    expect((await allowedTo(stage)).cpu).toMatch(/^10000(?: 40000)?$/);
    await throttle.lift();
    expect((await allowedTo(stage)).cpu.split(" ")[0]).toBe(before.cpu.split(" ")[0]);
    expect(throttle.hits).toEqual([{}]);
  });
});

function count(stage: Stage, event: string): number {
  return stage.happenings.filter((each) => each.event === event).length;
}

async function allowedTo(stage: Stage): Promise<z.output<typeof allowed>> {
  const address = await stage.world.services.get("eater")?.address(7001);
  if (address === undefined) throw new Error("there is no such service");
  return allowed.parse(await json(await stage.world.host.network.connect(address)));
}
