import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { chown, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findHindrance } from "./isolate.ts";

const stage = fileURLToPath(new URL("fixtures/stage.ts", import.meta.url));

interface Flavour {
  readonly flavour: "isolated" | "loopback";
  readonly user: string;
  readonly uid: number;
  /** Why it can't be tested here. */
  readonly hindrance?: string | undefined;
}

const self = { user: "the caller", uid: process.getuid?.() ?? 0 };
/** Need not be anybody: an id without a name has no rights either. */
const ordinary = 23_456;
const hindrance = await findHindrance();
const flavours: readonly Flavour[] = [
  { flavour: "loopback", ...self },
  { flavour: "isolated", ...self, hindrance },
  {
    flavour: "isolated",
    user: "an ordinary user",
    uid: ordinary,
    hindrance:
      self.uid !== 0
        ? "only root can become another user"
        : !reachesCheckout(ordinary)
          ? "others can't read this checkout"
          : hindrance,
  },
];

function reachesCheckout(uid: number): boolean {
  const read = `require("node:fs").readFileSync(${JSON.stringify(fileURLToPath(import.meta.url))})`;
  return spawnSync(process.execPath, ["-e", read], { uid, gid: uid, cwd: "/" }).status === 0;
}

for (const { hindrance, flavour, user } of flavours) {
  if (hindrance !== undefined)
    process.stderr.write(`NOT TESTED: the local world, ${flavour}, as ${user}: ${hindrance}\n`);
}

const crowd = flavours.filter((each) => each.hindrance === undefined);

describe.each(crowd)("the local world, $flavour, as $user", ({ flavour, uid }) => {
  let directory: string;
  let tag: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "sinbin-test-"));
    await chown(directory, uid, uid);
    tag = randomUUID();
  });
  let playing: Play | undefined;
  afterEach(async ({ task }) => {
    // Only a failure leaves something behind.
    if (task.result?.state === "fail") playing?.child.kill("SIGKILL");
    await gone(tag);
    await rm(directory, { recursive: true });
  });
  const play = (scenario: string): Play => (playing = start(flavour, uid, scenario, directory, tag));
  const isolated = flavour === "isolated";
  const ownAddress = isolated ? /^198\.18\.\d+\.3$/ : /^127\.0\.0\.1$/;

  test("a client finds its server through the proxy, and nowhere else", async () => {
    expect(await play("talk").result).toEqual({
      answer: expect.objectContaining({ text: "hello" }),
      proxy: expect.stringMatching(ownAddress),
      opened: true,
      capabilities:
        flavour === "isolated" ? ["programs", "commands", "isolation", "natural-ports"] : ["programs", "commands"],
    });
  });

  test("a service runs as the caller, with the files and names that are meant for it", async () => {
    const { lines, ...rest } = (await play("see around").result) as { readonly lines: readonly string[] };
    expect(rest).toEqual({ last: "oops", file: "a given file\n", missing: "ENOENT" });
    expect(lines.slice(0, 2)).toEqual([String(uid), String(uid)]);
    expect(lines).toContainEqual(expect.stringMatching(/^SINBIN_LINK_FETCH_HOST=(198\.18\.\d+\.3|127\.0\.0\.1)$/));
    expect(lines).toContainEqual(expect.stringMatching(/^SINBIN_LINK_FETCH_PORT=\d+$/));
    expect(lines.filter((line) => /^198\.18\.\d+\.3 echo\.test$/.test(line))).toHaveLength(isolated ? 1 : 0);
    expect(
      lines.filter((line) => /^nameserver|^hosts:/.test(line)).join() === "nameserver 127.0.0.1,hosts: files",
    ).toBe(isolated);
    expect(isolated && lines.includes("systemd")).toBe(false);
    expect((await readFile(join(directory, "client.log"), "utf8")).split("\n")).toContain("oops");
  });

  test.runIf(isolated)("there is no way beside the proxies", async () => {
    const { outcomes } = (await play("beside the proxies").result) as { readonly outcomes: readonly string[] };
    expect(outcomes).toEqual(["ENETUNREACH", "ENETUNREACH", "ECONNREFUSED", "connected"]);
  });

  test.runIf(isolated)("commands serve natural ports", async () => {
    expect(await play("natural ports of commands").result).toBe("here");
  });

  test("a connect that the kernel refuses counts as a hit, and the door opens again", async () => {
    expect(await play("refuse").result).toEqual({
      refused: { event: "network.refused", host: "echo.test", port: 443 },
    });
  });

  test("only a program's host speaks to the world: what a command says is kept as it is", async () => {
    const rest = { host: "echo.test", port: 443, address: "127.0.0.1:1" };
    expect(await play("words of a command").result).toEqual([
      { event: "network.refused", ...rest },
      { event: "network.listening", ...rest },
    ]);
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
    expect(words).toContain("no such file that can be executed");
  });

  test("what was started before a start failed is gone", async () => {
    expect(await play("half a start").result).toBe(
      "client can't have the file ../../beyond: write a path within its directory",
    );
    expect(await readdir(directory)).not.toContain("beyond");
  });

  test("the end of the world leaves nobody, however stubborn", async () => {
    expect(await play("a stubborn family").result).toBe("stopped");
  });

  test("killing the harness leaves nobody: not the stopped ones, not their children, nothing temporary", async () => {
    const { child, up } = play("until disturbed");
    await up;
    // Two services, a child and a grandchild; the harness, and what watches over it.
    expect(findTagged(tag).length).toBeGreaterThanOrEqual(6);
    child.kill("SIGKILL");
    await gone(tag);
    expect((await readdir(directory)).sort()).toEqual(["client", "client.log", "echo", "echo.log"]);
  });

  test.each([
    ["SIGINT", "until disturbed"],
    ["SIGTERM", "until disturbed"],
    ["SIGINT", "disturbed while beginning"],
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

interface Play {
  readonly child: ChildProcess;
  readonly up: Promise<void>;
  /** Rejects if there is none. */
  readonly result: Promise<unknown>;
  readonly complaint: Promise<string>;
}

function start(flavour: string, uid: number, scenario: string, directory: string, tag: string): Play {
  const child = spawn(process.execPath, [stage, flavour, scenario, directory, tag], {
    uid,
    gid: uid,
    cwd: directory,
    // What is temporary is in the test's own directory, and whatever comes of this process carries the tag.
    env: { ...process.env, TMPDIR: directory, SINBIN_TEST_TAG: tag },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const up = Promise.withResolvers<void>();
  const result = Promise.withResolvers<unknown>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line === "up") up.resolve();
    if (line.startsWith("result "))
      result.resolve(line === "result undefined" ? undefined : JSON.parse(line.slice("result ".length)));
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  const closed = once(child, "close").then(([code, signal]) => {
    result.reject(new Error(`ended with ${signal === null ? `code ${code}` : signal}: ${complaint}`));
    up.reject(new Error(complaint));
    return complaint;
  });
  up.promise.catch(() => {});
  result.promise.catch(() => {});
  return { child, up: up.promise, result: result.promise, complaint: closed };
}

/** Resolves when no process of the play is left. */
async function gone(tag: string): Promise<void> {
  await until(async () => findTagged(tag).length === 0);
}

function findTagged(tag: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "latin1").includes(tag);
    } catch {
      return false;
    }
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
