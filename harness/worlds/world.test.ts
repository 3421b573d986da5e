import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { byNight } from "../../host/night.testing.ts";
import { programOwner } from "./docker/containers.ts";
import { dockerCapabilities } from "./docker/world.ts";
import { findClockHindrance } from "./local/clock.ts";
import { findLimitHindrance } from "./local/limits.ts";
import { missingWireTools } from "./local/wire/hindrance.ts";
import { crowd, findTagged, gone, openTheatre } from "./stage.testing.ts";

const limits = findLimitHindrance() === undefined ? ["limits"] : [];
const wire = missingWireTools().length === 0 ? ["cables", "packets"] : [];
const clocks = findClockHindrance() === undefined ? ["clock", "child-clocks", "scaled-time", "timekeepers"] : [];

const capabilities = {
  isolated: ["programs", "commands", "isolation", "natural-ports", ...limits, ...wire, ...clocks],
  loopback: ["programs", "commands", "outside", ...limits, ...clocks],
  // There, what is no program is an image.
  docker: [...dockerCapabilities()],
};

describe.each(crowd)("a real world, $flavour, as $user", ({ flavour, user, uid }) => {
  const theatre = openTheatre({ flavour, user, uid });
  const { play } = theatre;
  const inContainers = flavour === "docker";
  const isolated = flavour !== "loopback";
  /** By day not in containers: how a run ends there is in docker/crash.test.ts, and `.ci/run` has plans with these faults there. */
  const due = byNight || !inContainers || crowd.length === 1;
  const ownAddress = isolated ? /^198\.1[89]\.\d+\.3$/ : /^127\.0\.0\.1$/;

  test("a client finds its server through the proxy, and hears of the refusals and not of the silence of its door", async () => {
    expect(await play("talk").result).toEqual({
      answer: expect.objectContaining({ text: "hello" }),
      proxy: expect.stringMatching(ownAddress),
      opened: true,
      capabilities: capabilities[flavour],
      silence: { detail: { unanswered: true }, refused: false },
      refused: { event: "network.refused", host: "echo.test", port: 443 },
    });
  });

  test("a service runs as the caller, with the files and names that are meant for it", async () => {
    const { lines, ...rest } = (await play("see around").result) as { readonly lines: readonly string[] };
    // Only a program's host speaks to the world: what a command says is kept as it is.
    const said = { host: "echo.test", port: 443, address: "127.0.0.1:1" };
    const words = [
      { event: "network.refused", ...said },
      { event: "network.listening", ...said },
    ];
    expect(rest).toEqual({ lastLines: true, file: "a given file\n", missing: "ENOENT", words });
    // Whom an image runs as is the image's to say: sinbin's runs as `node`.
    const user = String(inContainers ? programOwner : uid);
    expect(lines.slice(0, 2)).toEqual([user, user]);
    expect(lines).toContainEqual(expect.stringMatching(/^SINBIN_LINK_FETCH_HOST=(198\.1[89]\.\d+\.3|127\.0\.0\.1)$/));
    expect(lines).toContainEqual(expect.stringMatching(/^SINBIN_LINK_FETCH_PORT=\d+$/));
    expect(lines.filter((line) => /^198\.1[89]\.\d+\.3\secho\.test$/.test(line))).toHaveLength(isolated ? 1 : 0);
    const resolving = lines.filter((line) => /^nameserver|^hosts:/.test(line)).join();
    // In a container it is the engine's own name server; an image may have no opinion on where to look first.
    const own = inContainers
      ? /^nameserver 127\.0\.0\.11(,hosts:\s+files dns)?$/
      : /^nameserver 127\.0\.0\.1,hosts: files$/;
    expect(own.test(resolving)).toBe(isolated);
    expect(isolated && lines.includes("systemd")).toBe(false);
    expect((await readFile(join(theatre.directory, "client.log"), "utf8")).split("\n")).toContain("oops");
  });

  test.runIf(isolated)("there is no way beside the proxies", async () => {
    const { outcomes } = (await play("beside the proxies").result) as { readonly outcomes: readonly string[] };
    // Namespaces have no route to others; an engine drops what would leave an internal network.
    const nowhere = inContainers ? "silence" : "ENETUNREACH";
    // Nobody has the last one: a kernel says so when it has asked for it three times.
    const nobody = expect.stringMatching(/^(silence|EHOSTUNREACH)$/);
    expect(outcomes).toEqual([nowhere, nowhere, "ECONNREFUSED", "connected", nobody]);
  });

  test.runIf(isolated && due)("commands serve natural ports", async () => {
    expect(await play("natural ports of commands").result).toBe("here");
  });

  test("a supervised service comes back unless it was stopped, and its ends tell who wanted them", async () => {
    expect(await play("supervision").result).toEqual({
      afterStop: false,
      seeds: 4,
      lives: [
        ...life({ signal: "KILL", ordered: true }),
        ...life({ signal: "USR2", ordered: false }),
        ...life({ code: 3, ordered: true }),
        ...life({}).slice(0, 2),
      ],
    });
  });

  test("a service that does not get ready is an error of the world, with its last lines", async () => {
    const [exits, waits, missing] = (await play("never ready").result) as readonly {
      readonly message: string;
      readonly log: readonly string[];
    }[];
    expect(exits).toEqual({
      message: "echo ended before it was ready (exit code 9)",
      log: expect.arrayContaining(["some words", "more"]),
    });
    expect(waits).toEqual({
      message: "echo was not ready within 100ms: it must accept connections on port 1",
      log: [],
    });
    const words = [missing?.message, ...(missing?.log ?? [])].join("\n");
    expect(words).toContain("/no/such/command");
    // An image may have an entrypoint, which looks for it in its own way: that of Node's takes it for a script.
    expect(words).toContain(inContainers ? "Cannot find module" : "no such file that can be executed");
  });

  test("what was started before a start failed is gone", async () => {
    expect(await play("half a start").result).toBe(
      "client can't have the file ../../beyond: write a path within its directory",
    );
    expect(await readdir(theatre.directory)).not.toContain("beyond");
  });

  test("the end of the world leaves nobody, however stubborn", async () => {
    expect(await play("a stubborn family").result).toBe("stopped");
  });

  test.runIf(due)(
    "killing the harness leaves nobody: not the stopped ones, not their children, nothing temporary",
    async () => {
      const { child, up } = play("until disturbed");
      await up;
      // Two services, a child and a grandchild; the harness, and what watches over it. (A container's first process comes on top.)
      expect(findTagged(theatre.tag).length).toBeGreaterThanOrEqual(6);
      child.kill("SIGKILL");
      await gone(theatre.tag);
      const directories = inContainers ? [] : ["client", "echo"];
      // What is in a volume is copied at the end of a run, which this one did not have.
      expect((await readdir(theatre.directory)).sort()).toEqual([...directories, "client.log", "echo.log"].sort());
    },
  );

  // By day the command line is interrupted in the midst of a run (cli/cli.test.ts).
  test
    .runIf(due)
    .each([
      ["SIGINT", "disturbed while beginning"],
      ...(byNight ? (["SIGINT", "SIGTERM"] as const).map((signal) => [signal, "until disturbed"] as const) : []),
    ] as const)("%s reaches the harness once (%s), which ends as it wants to", async (signal, scenario) => {
    const { child, up, result } = play(scenario);
    // Caught before the test asks for it.
    result.catch(() => {});
    await up;
    if (child.pid === undefined) throw new Error("it has not started");
    // As a terminal does: to the whole group.
    process.kill(-child.pid, signal);
    expect(await result).toEqual({ interrupts: 1 });
    expect(child.exitCode ?? (await once(child, "exit"))[0]).toBe(130);
  });
});

function life(exit: object): readonly object[] {
  return [
    { event: "service.start", service: "echo" },
    { event: "service.ready", service: "echo" },
    { event: "service.exit", service: "echo", ...exit },
  ];
}
