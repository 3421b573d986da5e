import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const starter = fileURLToPath(new URL("start.ts", import.meta.url));
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sinbin-start-"));
});
afterAll(() => rm(directory, { recursive: true }));

interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly complaint: string;
}

/** Runs the body of a `main`; `onOutput` may signal the process. `before`: what the program does as it is loaded. */
async function run(
  name: string,
  body: string,
  {
    args = [],
    env = {},
    before = "",
    onOutput = () => {},
  }: {
    readonly before?: string;
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly onOutput?: (output: string, kill: (signal: NodeJS.Signals) => void) => void;
  } = {},
): Promise<Result> {
  const program = join(directory, `${name}.ts`);
  await writeFile(program, `${before}\nexport const main = async (host, args) => {\n${body}\n};\n`);
  const child = spawn(process.execPath, [starter, program, ...args], {
    cwd: directory,
    env: { ...process.env, ...env },
  });
  let output = "";
  let complaint = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    onOutput(output, (signal) => child.kill(signal));
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, output, complaint };
}

test("main gets its arguments, and its number is the exit code", async () => {
  const { code, output } = await run("arguments", `host.log("args", { args, name: host.name }); return 42;`, {
    args: ["--poll", "10s"],
    env: { SINBIN_SERVICE: "node" },
  });
  expect(output).toBe(`{"event":"args","args":["--poll","10s"],"name":"node"}\n`);
  expect(code).toBe(42);
});

test("chance is another one at each start by hand, and the one that is said", async () => {
  const body = `host.log("drawn", { bytes: [...host.random.bytes(16)] });`;
  const outputs: string[] = [];
  for (const env of [{}, {}, { SINBIN_SEED: "7" }, { SINBIN_SEED: "7" }])
    outputs.push((await run("draw", body, { env })).output);
  expect(new Set(outputs.slice(0, 2)).size).toBe(2);
  expect(new Set(outputs.slice(2)).size).toBe(1);
});

test.each([
  ["from main", `throw new Error("oh no")`],
  ["from a callback", `setImmediate(() => { throw new Error("oh no") }); await host.clock.sleep(60_000)`],
  ["from a promise that nobody awaits", `void Promise.reject(new Error("oh no")); await host.clock.sleep(60_000)`],
])("an error that escapes %s is printed with its stack, exit code 1", async (name, body) => {
  const { code, complaint } = await run(name.replaceAll(" ", "-"), body);
  expect(complaint).toMatch(/Error: oh no\n +at /);
  expect(code).toBe(1);
});

test("files are those of the current directory", async () => {
  await run("files", `const file = await host.files.open("made", "write"); await file.write("x"); return 0;`);
  const { output } = await run(
    "files-again",
    `host.log("list", { made: (await host.files.list(".")).includes("made") }); return 0;`,
  );
  expect(output).toContain(`"made":true`);
});

test("a signal that is handled reaches its handler, and only that", async () => {
  const body = `
    const { promise, resolve } = Promise.withResolvers();
    host.signals.on("HUP", () => { host.log("hup"); resolve(5); });
    host.log("ready");
    const alive = setInterval(() => {}, 1000);
    return promise;`;
  const { code, output } = await run("handled", body, {
    onOutput: (output, kill) => {
      if (output.endsWith(`{"event":"ready"}\n`)) kill("SIGHUP");
    },
  });
  expect(output).toBe(`{"event":"ready"}\n{"event":"hup"}\n`);
  expect(code).toBe(5);
});

test("SIGHUP while a program is loaded does no harm", async () => {
  const before = `
    process.kill(process.pid, "SIGHUP");
    // What was sent has come when this has.
    const alive = setInterval(() => {}, 1000);
    await new Promise((resolve) => {
      process.once("SIGUSR2", resolve);
      process.kill(process.pid, "SIGUSR2");
    });
    clearInterval(alive);`;
  const { code, output } = await run("early", `host.log("runs"); return 5;`, { before });
  expect(output).toBe(`{"event":"runs"}\n`);
  expect(code).toBe(5);
});

test.each([
  [
    "one that has said something",
    `host.log("runs"); process.kill(process.pid, "SIGHUP"); await host.clock.sleep(60_000);`,
  ],
  [
    "one that has had its turn",
    `for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve)); process.kill(process.pid, "SIGHUP"); await host.clock.sleep(60_000);`,
  ],
])("SIGHUP ends a program that runs and does not listen for it: %s", async (name, body) => {
  expect(await run(name.replaceAll(" ", "-"), body)).toMatchObject({ code: null, signal: "SIGHUP" });
});

test("a signal whose handlers are all gone does what it does by default", async () => {
  const body = `
    host.signals.on("HUP", () => host.log("hup"))[Symbol.dispose]();
    host.log("ready");
    await host.clock.sleep(60_000);
    return 0;`;
  const { signal, output } = await run("disposed", body, { onOutput: (_output, kill) => kill("SIGHUP") });
  expect(output).toBe(`{"event":"ready"}\n`);
  expect(signal).toBe("SIGHUP");
});

test.each([
  ["and is told where the program listens", ""],
  ["and keeps it on loopback, whatever address it listens on", `host: "0.0.0.0", `],
])("a world without natural ports says where names lead, %s", async (_what, host) => {
  const body = `
    const listener = await host.network.listen({ ${host}port: 443 }, () => {});
    host.log("resolved", { addresses: await host.network.resolve({ host: "plc.test", port: 443 }) });
    return 0;`;
  const { output } = await run("names", body, {
    env: { SINBIN_NAMES: JSON.stringify({ "plc.test:443": "127.0.0.1:4001" }) },
  });
  const [listening, resolved] = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(listening).toEqual({
    event: "network.listening",
    port: 443,
    address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  });
  expect(resolved).toEqual({ event: "resolved", addresses: [{ host: "127.0.0.1", port: 4001 }] });
});

test("names are asked of the servers that the world has given, and of nobody else", async () => {
  const { code, output } = await run(
    "names",
    `host.log(await host.network.resolve({ host: "localhost.invalid", port: 1 }).catch(({ code }) => code)); return 0;`,
    // Nobody serves names there; the system's resolver would say ENOTFOUND.
    { env: { SINBIN_NAME_SERVERS: "127.0.0.1:1,127.0.0.1:2" } },
  );
  expect({ code, output }).toEqual({ code: 0, output: `{"event":"ECONNREFUSED"}\n` });
});
