/** What faults of disks, CPUs and limits do to real processes. */
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { byNight } from "../../host/night.testing.ts";
import { findExecutable } from "./local/executable.ts";
import { findLimitHindrance } from "./local/limits.ts";
import { findWireHindrance } from "./local/wire/hindrance.ts";
import { crowd, findTagged, gone, openTheatre } from "./stage.testing.ts";

const linux = process.platform === "linux";
const limits = findLimitHindrance() === undefined;
const taskset = findExecutable("taskset", process.env["PATH"] ?? "") !== undefined;
const wireHindrance = await findWireHindrance();
const wire = wireHindrance === undefined;
if (!wire) process.stderr.write(`NOT TESTED: packets in the local world: ${wireHindrance}\n`);

/** In containers by night: each of these scenes takes several seconds of a small machine there, and it is the same code that plans in containers go through. */
const due = crowd.filter(({ flavour }) => byNight || flavour !== "docker" || crowd.length === 1);

describe.each(due)("a machine of a real world, $flavour, as $user", ({ flavour, user, uid }) => {
  const theatre = openTheatre({ flavour, user, uid });
  const { play } = theatre;
  const inContainers = flavour === "docker";

  test.runIf(linux)(
    "freezes, throttles and loads a service with its children and theirs, refuses it what it would have had, and signals whom it is told to",
    async () => {
      const trials = {
        // A thaw and a pause leave each other alone.
        freeze: { atLeastThree: true, stillFrozen: true, thawed: false, frozenBeyond: true, after: false },
        throttle: { hits: 1, stopped: false },
        // A load shares one CPU with the service, and leaves nothing behind.
        ...(taskset && { hog: { hits: 1, busy: 2, together: true, one: true, left: 0, asBefore: true } }),
        // Each refusal is a hit.
        ...(limits && {
          refusals: {
            seen: [
              { kind: "disk.full", hits: true },
              { kind: "disk.read-only", hits: true },
              { kind: "limits.processes", hits: true },
              { kind: "limits.open-files", hits: true },
            ],
            // Without its path, which is this machine's.
            refused: { event: "disk.refused", code: "EROFS" },
            limited: { event: "limits.refused", limit: "open-files" },
          },
        }),
        // The last one kills all that belongs to it.
        recipients: { main: { child: false }, group: { child: false }, tree: { child: true }, left: 0 },
      };
      expect(await play("a hard life", ...Object.keys(trials)).result).toEqual(trials);
    },
  );

  test.runIf(linux)("what starts during a freeze stands still until its end", async () => {
    // A container does not outlive its first process, nor do the children of what runs in it.
    expect(await play("freeze and death").result).toEqual({ started: 1, left: !inContainers });
  });

  test("killing the harness leaves no load, and nothing that is frozen", async () => {
    const { child, up } = play("hogs until disturbed");
    await up;
    // The service with its two children, two that are busy, the harness, and what watches over it. (A load's container has no tag; the service's has a
    // first process.)
    expect(findTagged(theatre.tag).length).toBeGreaterThanOrEqual(inContainers ? 6 : 7);
    child.kill("SIGKILL");
    await gone(theatre.tag);
  });

  test("an interrupt lifts a load and a freeze", async () => {
    const { child, up, result } = play("hogs until disturbed");
    result.catch(() => {});
    await up;
    if (child.pid === undefined) throw new Error("it has not started");
    process.kill(-child.pid, "SIGINT");
    expect(await result).toEqual({ interrupts: 1 });
    expect(child.exitCode ?? (await once(child, "exit"))[0]).toBe(130);
  });

  test.runIf(inContainers || (flavour === "isolated" && wire))(
    "cuts cables, and lets packets get lost, doubled and corrupted",
    async () => {
      expect(await play("packets").result).toEqual({
        seen: [
          { kind: "network.cut", hits: 1 },
          { kind: "packet.loss", hits: 1 },
          { kind: "packet.duplicate", hits: 1 },
          { kind: "packet.corrupt", hits: 1 },
        ],
        troubles: [],
      });
    },
  );

  test("what was not synced outlives a kill, but not a loss of power, and what was put by the world outlives that", async () => {
    expect(await play("power loss").result).toEqual({
      wasThere: { found: [] },
      afterKill: { found: expect.arrayContaining(["generations", "synced", "unsynced"]), unsynced: "unsynced" },
      lost: true,
      // Its name was there when the directory was synced, and what it had in it is lost.
      afterPowerLoss: { found: expect.arrayContaining(["generations", "synced", "unsynced"]), unsynced: "" },
      put: "kept",
      exits: [
        { signal: "KILL", ordered: true },
        { signal: "KILL", ordered: true },
        { signal: "KILL", ordered: true },
      ],
      whenDown: false,
    });
  });

  test("an old generation comes back: of a program the last one, of a command what was there when it got ready", async () => {
    expect(await play("generations").result).toEqual({ hits: [0, 1, 1], daemon: "first\n", worker: "first" });
  });

  test("files of a command are corrupted, cut, renamed and deleted where they lie", async () => {
    expect(await play("files of a command").result).toEqual({
      files: ["keys/a.pem", "state"],
      hits: [1, 1, "st", 1, "st", 1, 0],
      key: "`aaa",
      gone: true,
    });
  });
});
