/** Virtual clocks in containers, as their processes see them. Clocks are compared with one another, and by steps that no busy machine makes up for. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Link, Service } from "../../plan/schema.ts";
import { createImages } from "./images.ts";
import { hasEngine, theEngine } from "./engine.testing.ts";
import { openStage, program } from "./stage.testing.ts";
import type { Stage } from "./stage.testing.ts";

/** Has a shell and Node; to the world it is an image like any other. */
async function daemon(command: readonly string[], more: Partial<Service> = {}): Promise<Service> {
  const image = await createImages(theEngine(), () => {}).own();
  const defaults = { args: [], env: {}, files: {}, folder: ".", start_timeout: 60_000, stop_timeout: 2000 };
  return { ...defaults, image, command: [...command], ready: { line: "^at" }, ...more };
}

const shell = ["bash", "-c", 'while :; do echo "at $(date +%s%3N)"; sleep 0.05; done'];
/** What it sees itself, and what its child does. */
const node = [
  "node",
  "-e",
  `const { execFileSync } = require("child_process");
   setInterval(() => console.log("at", Date.now(), Number(execFileSync("date", ["+%s%3N"]))), 50)`,
];
const second = 1000;

/** What it has said last. */
function shown({ happenings }: Stage, name: string, word = 0): number {
  const lines = happenings.flatMap((each) =>
    each.event === "service.log" && each.service === name ? [each.line ?? ""] : [],
  );
  return Number(lines.findLast((line) => line.startsWith("at "))?.split(" ")[word + 1]);
}

describe.runIf(hasEngine)("in containers", () => {
  test("a shell, date and Node see each fault of their clocks, and their neighbours none", async () => {
    await using stage = await openStage({
      services: { shell: await daemon(shell), node: await daemon(node, { user: "12345" }), truth: await daemon(shell) },
      clocks: ["shell", "node"],
    });
    const ahead = (name: string, word = 0): number => shown(stage, name, word) - shown(stage, "truth");
    const step = await stage.inject("clock.step", "shell", { by: "40s" });
    await stage.until(() => ahead("shell") > 39 * second);
    await step.hit;
    const others = await stage.inject("clock.child-differs", "node", { by: "-1h" });
    await stage.until(() => ahead("node", 1) < -3500 * second);
    await others.hit;
    expect(ahead("node")).toBeGreaterThan(-20 * second);
    await others.lift();
    await stage.until(() => ahead("node", 1) > -20 * second);
    const teeth = await stage.inject("clock.sawtooth", "node", { drift: "-60s", period: "1s" });
    await stage.until(() => ahead("node") < -30 * second);
    await stage.until(() => teeth.hits.length > 1);
    await teeth.lift();
    const back = await stage.inject("clock.step", "shell", { to: "0s" });
    await stage.until(() => Math.abs(ahead("shell")) < 20 * second);
    await back.hit;
    expect(await stage.world.services.get("shell")?.clockOffset?.()).toBeCloseTo(0, -1);
    expect(await stage.world.services.get("shell")?.hasSeenClock?.()).toBe(true);
    expect(await stage.world.services.get("truth")?.hasSeenClock?.()).toBeUndefined();
  });

  test("a service begins in another year, each time that it is started", async () => {
    await using stage = await openStage({
      services: { shell: await daemon(shell, { restart: { after: 1 } }) },
      clocks: ["shell"],
    });
    const boot = await stage.inject("clock.boot-at", "shell", { time: "1970-01-01" });
    await stage.world.services.get("shell")?.targets.process.signal("KILL", "main");
    await stage.until(() => shown(stage, "shell") < 3600 * second);
    await boot.hit;
    expect(boot.hits.length).toBeGreaterThan(0);
  });

  test("a daemon that begins with an environment of its own has not seen its clock", async () => {
    await using stage = await openStage({
      services: { shell: await daemon(["env", "-i", ...shell]) },
      clocks: ["shell"],
    });
    await stage.until(() => shown(stage, "shell") > 0);
    expect(await stage.world.services.get("shell")?.hasSeenClock?.()).toBe(false);
  });

  test("an image without glibc is refused, by name, and whatever else would go on is not begun", async () => {
    const context = await mkdtemp(join(tmpdir(), "sinbin-no-libc-"));
    try {
      await writeFile(join(context, "Dockerfile"), 'FROM scratch\nCOPY Dockerfile /daemon\nCMD ["/daemon"]\n');
      const { image: _image, command: _command, ready: _ready, ...rest } = await daemon([]);
      const alien: Service = { ...rest, build: { context, dockerfile: "Dockerfile", args: {} } };
      await expect(openStage({ services: { alien }, clocks: ["alien"] })).rejects.toThrow(
        /^alien can't have a virtual clock: its image sinbin-build:\S+ has another C library than glibc \(there is no \/lib/,
      );
    } finally {
      await rm(context, { recursive: true });
    }
  });

  test("an NTP client sets the clock of a container by a server that lies, through the gate, unless it does not get to run", async () => {
    const ask: Link = { from: "shell", to: "time", proto: "ntp", port: 123 };
    await using stage = await openStage({
      services: {
        time: program(new URL("../../../servers/ntp/main.ts", import.meta.url)),
        shell: await daemon(shell, { timekeeper: { policy: "timesyncd", servers: ["ask"], poll: 200 } }),
        truth: await daemon(shell),
      },
      links: { ask },
      clocks: ["shell"],
    });
    const ahead = (): number => shown(stage, "shell") - shown(stage, "truth");
    const step = await stage.inject("ntp.step", "ask", { by: "40s" });
    await stage.until(() => ahead() > 39 * second);
    await step.hit;
    const starved = await stage.inject("timekeeper.starve", "shell");
    const last = (what: "ntp.request" | "ntp.reply"): number | undefined =>
      stage.happenings.flatMap((each) => (each.event === what ? [each.request] : [])).at(-1);
    // What was asked before may still be answered.
    await starved.hit;
    await stage.until(() => last("ntp.reply") === last("ntp.request"));
    await stage.inject("ntp.step", "ask", { to: "0s" });
    const held = starved.hits.length;
    await stage.until(() => starved.hits.length > held + 5);
    expect(await stage.world.services.get("shell")?.clockOffset?.()).toBeGreaterThan(39 * second);
    await starved.lift();
    await stage.until(() => Math.abs(ahead()) < 20 * second);
    // What the gate tells comes another way than the lines. A busy machine may need smaller steps besides.
    const steps = (): readonly number[] =>
      stage.happenings.flatMap((each) =>
        each.event === "timekeeper.acts" && each.what === "step" && Math.abs(each.offset ?? 0) > 35 * second
          ? [Math.sign(each.offset ?? 0)]
          : [],
      );
    await stage.until(() => steps().length > 1);
    expect(steps()).toEqual([1, -1]);
  });
});
