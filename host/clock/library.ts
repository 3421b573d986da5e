/** The library that is preloaded into a service's processes: compiled with `cc` when it is first needed, and kept by a digest of all that it is made from. */
import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { codeOf } from "../error-code.ts";

const run = promisify(execFile);
const headers = ["clock.h"];
const sources = ["clock.c", "waits.c", "timers.c"];
const flags = ["-O2", "-std=gnu11", "-fPIC", "-fvisibility=hidden", "-pthread", "-shared"];

export const compiler = "cc";
export const compilerRemedy = "apt-get install gcc libc6-dev";

/** Where the library is; made now unless it is there. Two that make it at once make the same. @throws {Error} if it can't be compiled. */
export async function buildClockLibrary(): Promise<string> {
  const folder = cacheFolder();
  const path = join(folder, `clock-${await digest()}.so`);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const unfinished = `${path}.${randomUUID()}`;
  try {
    await compileClockLibrary(unfinished);
    await rename(unfinished, path);
  } catch (error) {
    throw new Error(describe(error), { cause: error });
  } finally {
    await rm(unfinished, { force: true });
  }
  return path;
}

/** Every compiler finds something to warn of: what it is does not concern whoever runs a plan. */
export async function compileClockLibrary(path: string, ...more: readonly string[]): Promise<void> {
  await run(compiler, [...flags, ...more, "-o", path, ...sources.map(pathOf), "-ldl"]);
}

/** The XDG Base Directory Specification has what is empty or relative ignored. The dynamic loader parts its list at blanks and colons, and knows no quotes. */
function cacheFolder(): string {
  const told = process.env["XDG_CACHE_HOME"] ?? "";
  const folder = join(isAbsolute(told) ? told : join(homedir(), ".cache"), "sinbin");
  if (!/[\s:]/.test(folder)) return folder;
  throw new Error(
    `the library of virtual clocks can't be preloaded from ${folder}: set XDG_CACHE_HOME to a path without blanks and colons`,
  );
}

function pathOf(source: string): string {
  return fileURLToPath(new URL(source, import.meta.url));
}

async function digest(): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([process.arch, flags]));
  for (const source of [...headers, ...sources]) hash.update(await readFile(pathOf(source)));
  return hash.digest("hex").slice(0, 16);
}

function describe(error: unknown): string {
  if (codeOf(error) === "ENOENT")
    return `the library of virtual clocks can't be compiled: there is no ${compiler} on the PATH; ${compilerRemedy}`;
  const complaint = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
  const [first = complaint] = complaint.split("\n").filter((line) => line.includes("error"));
  return `the library of virtual clocks can't be compiled here; it is for Linux with glibc, and its header files (${compilerRemedy}): ${first.trim()}`;
}
