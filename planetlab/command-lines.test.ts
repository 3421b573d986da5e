/** Command lines of the programs. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { last, prepare, start } from "./programs.testing.ts";

prepare();

describe("command lines", () => {
  test.for([
    ["node-manager/main.ts", ["--without", "atomic-sav"], "there is no such guard"],
    ["node-manager/main.ts", ["--poll", "10"], "write a duration with its unit"],
    ["node-manager/main.ts", ["--plc", "plc.test"], "write an address"],
    ["node-manager/main.ts", ["--polls", "10s"], "--polls"],
    ["node-manager/main.ts", ["--options", "missing"], "--options missing: ENOENT"],
    ["plc/main.ts", ["--framing", "none"], "write one of content-length, chunked, close"],
    ["verifier/main.ts", ["--nodes", "node.test:812"], "such as 42=node.test:812"],
    ["verifier/main.ts", ["--without", "same-serials"], "there is no such guard"],
    ["plc/main.ts", ["--data", "missing.json"], "ENOENT"],
    [
      "plc/main.ts",
      ["--data", join(import.meta.dirname, "../package.json")],
      "package.json: slices: Invalid input: expected array",
    ],
    ["plc/main.ts", ["--oldest-tls", "0.9"], "write one of 1.0, 1.1, 1.2, 1.3"],
  ] as const)("%s %j ends with code 2 and says why", async ([program, args, why]) => {
    await using refused = await start(program, args);
    expect(await refused.exited).toEqual({ code: 2, signal: null });
    expect(String(last(refused, "arguments.refused")?.["why"])).toContain(why);
  });

  test.for([
    ["node-manager/main.ts", ["--listen"]],
    ["plc/main.ts", ["--tls", "off", "--listen"]],
  ] as const)("%s whose port is taken ends with code 1, and says which", async ([program, args]) => {
    const other = createServer().listen(0, "0.0.0.0");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    await expect(byHand(program, [...args, String(port)])).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(new RegExp(`"listen.failed".*EADDRINUSE.*:${port}"}\\n$`)),
      stderr: "",
    });
    other.close();
  });

  test("plc/main.ts without a certificate ends with code 2, and says what to give it", async () => {
    await expect(byHand("plc/main.ts", ["--listen", "0"])).rejects.toMatchObject({
      code: 2,
      stdout: expect.stringContaining("SINBIN_CERT"),
      stderr: "",
    });
  });

  test.for([
    ["node-manager/main.ts", "--poll-jitter"],
    ["plc/main.ts", "--slices"],
    ["monitor/main.ts", "--patience"],
    ["verifier/main.ts", "--nodes"],
  ] as const)("%s --help names its options, %s among them", async ([program, option]) => {
    await using helped = await start(program, ["--help"]);
    expect(await helped.exited).toEqual({ code: 0, signal: null });
    expect(last(helped, "help")?.["options"]).toContain(option);
  });
});

/** As nobody's service: in a world of tests it has a certificate, and each port is mapped to a free one. */
async function byHand(program: string, args: readonly string[]): Promise<unknown> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sinbin-command-lines-"));
  const command = [join(import.meta.dirname, "../host/start.ts"), join(import.meta.dirname, program), ...args];
  return await promisify(execFile)(process.execPath, command, { cwd: folder.path });
}
