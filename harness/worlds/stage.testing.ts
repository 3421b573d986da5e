/** The real worlds in tests: scenarios are played in processes of their own, in each flavour, as the caller and as an ordinary user. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect } from "vitest";
import { byNight } from "../../host/night.testing.ts";
import { connectEngine } from "./docker/engine.ts";
import { engineHindrance } from "./docker/engine.testing.ts";
import { pidLabel } from "./docker/labels.ts";
import { findHindrance } from "./local/isolate.ts";

const stage = fileURLToPath(new URL("fixtures/stage.ts", import.meta.url));

export interface Flavour {
  readonly flavour: "isolated" | "loopback" | "docker";
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
  { flavour: "docker", ...self, hindrance: engineHindrance },
];

function reachesCheckout(uid: number): boolean {
  const read = `require("node:fs").readFileSync(${JSON.stringify(fileURLToPath(import.meta.url))})`;
  return spawnSync(process.execPath, ["-e", read], { uid, gid: uid, cwd: "/" }).status === 0;
}

for (const { hindrance, flavour, user } of flavours) {
  // Of the docker world it was told already.
  if (hindrance !== undefined && flavour !== "docker")
    process.stderr.write(`NOT TESTED: the local world, ${flavour}, as ${user}: ${hindrance}\n`);
}

/** By day there is one plan without namespaces, and one for what an ordinary user can do (`.ci/run`); by night there is all of this (`.ci/full`). */
const isDue = ({ flavour, uid }: Flavour): boolean =>
  byNight || (uid === self.uid && (flavour !== "loopback" || hindrance !== undefined));
export const crowd = flavours.filter((each) => each.hindrance === undefined && isDue(each));

/** A directory and a tag for each test, whose processes must all be gone when it is over. */
export function openTheatre({ flavour, uid }: Flavour): Theatre {
  let directory = "";
  let tag = "";
  let playing: Play | undefined;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "sinbin-test-"));
    await chown(directory, uid, uid);
    tag = randomUUID();
  });
  afterEach(async ({ task }) => {
    // Only a failure leaves something behind.
    if (task.result?.state === "fail") playing?.child.kill("SIGKILL");
    await gone(tag);
    if (flavour === "docker") expect(await listAtEngine(playing?.child.pid)).toEqual([]);
    await rm(directory, { recursive: true });
  });
  return {
    get directory() {
      return directory;
    },
    get tag() {
      return tag;
    },
    play: (scenario, ...trials) => (playing = start({ flavour, uid, scenario, directory, tag, trials })),
  };
}

export interface Theatre {
  readonly directory: string;
  readonly tag: string;
  readonly play: (scenario: string, ...trials: readonly string[]) => Play;
}

export interface Play {
  readonly child: ChildProcess;
  readonly up: Promise<void>;
  /** Rejects if there is none. */
  readonly result: Promise<unknown>;
  readonly complaint: Promise<string>;
}

interface PlayOptions {
  readonly flavour: string;
  readonly uid: number;
  readonly scenario: string;
  readonly directory: string;
  readonly tag: string;
  readonly trials: readonly string[];
}

function start({ flavour, uid, scenario, directory, tag, trials }: PlayOptions): Play {
  const child = spawn(process.execPath, [stage, flavour, scenario, directory, tag, ...trials], {
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

/** What a harness has made at the engine, and is still there. */
export async function listAtEngine(harness: number | undefined): Promise<readonly string[]> {
  using engine = await connectEngine();
  const found = await engine.list(`${pidLabel}=${harness}`);
  return found.map(({ kind, name }) => `${kind} ${name}`);
}

/** Resolves when no process of the play is left. */
export async function gone(tag: string): Promise<void> {
  while (findTagged(tag).length > 0) await sleep(betweenLooksMs);
}

export function findTagged(tag: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "latin1").includes(tag);
    } catch {
      return false;
    }
  });
}

/** Between two looks at all processes: who looks all the time takes the CPU from those whose end it waits for. */
const betweenLooksMs = 20;
