/** Programs whose standard output can't be written. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const starter = fileURLToPath(new URL("start.ts", import.meta.url));
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sinbin-output-"));
});
afterAll(() => rm(directory, { recursive: true }));

/** Runs the body of a `main`, with such an output. */
async function start(
  name: string,
  output: number | "pipe",
  body: string,
  wrapper: readonly string[] = [],
): Promise<ChildProcess> {
  const program = join(directory, `${name}.ts`);
  await writeFile(program, `export const main = async (host) => {\n${body}\n};\n`);
  const [file, ...args] = [...wrapper, process.execPath, starter, program];
  return spawn(file, args, {
    cwd: directory,
    stdio: ["ignore", output, "inherit"],
    // What it compiles is not to be kept where files are short.
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" },
  });
}

test("a full disk ends nobody, and the lines that are lost are counted", async () => {
  await using full = await open("/dev/full", "w");
  const body = `
    for (const event of ["one", "two", "three"]) host.log(event);
    while (host.unlogged() < 3) await host.clock.sleep(1);
    return 40 + host.unlogged();`;
  const child = await start("full", full.fd, body);
  expect(await once(child, "exit")).toEqual([43, null]);
});

test("a reader that has gone ends nobody, and the lines that are lost are counted", async () => {
  const body = `
    host.log("ready");
    while (host.unlogged() < 3) {
      host.log("more");
      await host.clock.sleep(1);
    }
    return 42;`;
  const child = await start("unread", "pipe", body);
  child.stdout?.once("data", () => child.stdout?.destroy());
  expect(await once(child, "exit")).toEqual([42, null]);
});

test("what waits in a full pipe when the program ends is read by whoever reads it then; a reader that stands still holds nobody", async () => {
  const body = `
    for (let number = 0; number < 20_000; number++) host.log("line", { number });
    await using said = await host.files.open("said", "create-new");
    return 42;`;
  const late = await start("late", "pipe", body);
  await expect.poll(() => isThere(join(directory, "said"))).toBe(true);
  await rm(join(directory, "said"));
  const read = late.stdout === null ? "" : text(late.stdout);
  expect(await once(late, "exit")).toEqual([42, null]);
  const lines = (await read).trimEnd().split("\n").flatMap(parsed);
  expect(lines.map(({ number }) => number)).toEqual(Array.from({ length: 20_000 }, (_, number) => number));

  const never = await start("never", "pipe", body);
  expect(await once(never, "exit")).toEqual([42, null]);
});

test("what was cut when the disk was full ends its line when there is room again, and the count is of what is missing", async () => {
  const body = `
    let said = 0;
    const say = () => host.log("line", { number: said++ });
    while (host.unlogged() < 3) {
      say();
      await host.clock.sleep(1);
    }
    await using full = await host.files.open("full", "create-new");
    while (!(await host.files.list(".")).includes("room")) await host.clock.sleep(1);
    const lost = host.unlogged();
    say();
    host.log("end", { said, lost });
    return 0;`;
  const path = join(directory, "output");
  await using file = await open(path, "w");
  // Soft: it may be lifted again.
  const child = await start("room", file.fd, body, ["prlimit", "--fsize=100:unlimited"]);
  const exited = once(child, "exit");
  await expect.poll(() => isThere(join(directory, "full")), { timeout: 60_000 }).toBe(true);
  await promisify(execFile)("prlimit", ["--fsize=unlimited", "--pid", String(child.pid)]);
  await writeFile(join(directory, "room"), "");
  expect(await exited).toEqual([0, null]);
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  const whole = lines.flatMap((line) => parsed(line));
  expect(lines.length - whole.length).toBe(1);
  const { said, lost } = whole.at(-1) ?? {};
  expect(whole.filter(({ event }) => event === "line").map(({ number }) => number)).toEqual([
    0,
    1,
    2,
    Number(said) - 1,
  ]);
  expect(lost).toBe(Number(said) - 4);
});

function parsed(line: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    return [JSON.parse(line) as Readonly<Record<string, unknown>>];
  } catch {
    return [];
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
