import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createRealHost } from "../../host/real.ts";
import { gone } from "../programs.testing.ts";
import { createGuards } from "./guards.ts";
import { createFill } from "./making.ts";

test("whoever fills a sliver is gone with all of its own when it is given up, also if it ignores TERM", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sinbin-making-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const host = createRealHost({ name: "node", directory, seed: 1, log: () => undefined });
  const make = ["sh", "-c", "trap '' TERM; sleep 1000 & echo $$ $! >pids; wait"];
  const over = new AbortController();
  const fill = createFill(host, { guards: createGuards([]), image: 0, make, makeTotalMs: 60_000 }, over.signal);
  const slice = { id: 1, name: "a_b", expiry: 0, instantiation: "plc-instantiated", rspec: {}, keys: [] };
  const filled = fill(slice, ".").catch(String);
  const pids = async (): Promise<string> => readFile(join(directory, "pids"), "utf8").catch(() => "");
  await expect.poll(pids).toMatch(/^\d+ \d+\n$/);
  over.abort(new Error("given up"));
  await gone((await pids()).split(" ").map(Number));
  expect(await filled).toBe("Error: given up");
});
