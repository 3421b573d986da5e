/** `sinbin run` in the docker world as a process of its own, which a test can interrupt and kill. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findTagged } from "../stage.testing.ts";
import { connectEngine } from "./engine.ts";
import { pidLabel } from "./labels.ts";

const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const fixtures = fileURLToPath(new URL("../fixtures", import.meta.url));

export interface Command extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Of its runs; gone after an interrupt. */
  readonly out: string;
  readonly complaint: () => string;
  /** Resolves with its exit code when it has ended by itself. */
  readonly exited: Promise<number | null>;
  /** Resolves when its history has a line that matches. */
  told(what: RegExp): Promise<void>;
  /** What it has made at the engine of this machine, and is still there. */
  left(): Promise<readonly string[]>;
  /** The processes of the command, of its services and of what watches over it. */
  processes(): readonly string[];
  /** Resolves when none is left. */
  gone(): Promise<void>;
}

export interface CommandOptions {
  /** The phases and expectations of a plan whose services talk all the time; or the path of one. */
  readonly plan: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** More services, and files beside the plan. */
  readonly more?: string;
  readonly files?: Readonly<Record<string, string>>;
}

export async function startCommand({
  plan,
  environment = {},
  more = "",
  files = {},
}: CommandOptions): Promise<Command> {
  const directory = await mkdtemp(join(tmpdir(), "sinbin-test-"));
  const tag = randomUUID();
  const file = plan.endsWith(".yaml") ? plan : join(directory, "plan.yaml");
  if (file !== plan) await writeFile(file, `${servicesOf(tag, more)}${plan}`);
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const out = join(directory, "runs");
  const child = spawn(process.execPath, [main, "run", file, "--world", "docker", "--out", out], {
    cwd: directory,
    env: { ...process.env, SINBIN_TEST_TAG: tag, ...environment },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("the command line could not be started");
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  const exited = once(child, "exit").then(([code]) => code as number | null);
  const gone = async (): Promise<void> => {
    while (findTagged(tag).length > 0) await sleep(betweenLooksMs);
  };
  return {
    child,
    pid,
    out,
    complaint: () => said,
    exited,
    async told(what) {
      while (!what.test(await historyIn(out))) {
        if (child.exitCode !== null) throw new Error(`it has ended: ${said}`);
        await sleep(betweenLooksMs);
      }
    },
    left: () => listOf(pid),
    processes: () => findTagged(tag),
    gone,
    async [Symbol.asyncDispose]() {
      // Only a failure leaves it running.
      child.kill("SIGKILL");
      await exited;
      await gone();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function servicesOf(tag: string, more: string): string {
  const program = (name: string): string =>
    `  ${name}: { program: ${fixtures}/${name}.ts, env: { SINBIN_TEST_TAG: ${tag} } }\n`;
  return [
    "plan: crash\n",
    `services:\n${program("client")}${program("echo")}${more}`,
    "links:\n  fetch: { from: client, to: echo, proto: https, port: 443, name: echo.test }\n",
    "observe:\n  answers: { service: client, event: answer, as: event }\n",
  ].join("");
}

/** Of the only run; empty before there is one. */
async function historyIn(out: string): Promise<string> {
  if (!existsSync(out)) return "";
  const names = (await readdir(out, { recursive: true }).catch(() => [])).filter((name) =>
    name.endsWith("history.jsonl"),
  );
  return (await Promise.all(names.map((name) => readFile(join(out, name), "utf8").catch(() => "")))).join("");
}

/** Of a harness, by its process id. */
export async function listOf(harness: number): Promise<readonly string[]> {
  using engine = await connectEngine();
  const found = await engine.list(`${pidLabel}=${harness}`);
  return found.map(({ kind, name }) => `${kind} ${name}`);
}

const betweenLooksMs = 10;
