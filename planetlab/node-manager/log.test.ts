/** The Node Manager's log, which others rotate. */
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { call, type Line, prepare, startNode, startPlc, withoutReopening } from "../programs.testing.ts";

prepare();

describe("the log", () => {
  test("a rotation by renaming under load loses no line and tears none", async () => {
    await using plc = await startPlc("--slices", "1");
    await using node = await startNode(plc.address, ["--poll", "1ms"]);
    const file = join(node.directory, "node.log");
    // From here on the file is there.
    node.signal("SIGHUP");
    await node.see("log.reopened");
    for (let rotation = 1; rotation <= 10; rotation += 1) {
      const seen = node.lines.length;
      await rename(file, `${file}.${rotation}`);
      node.signal("SIGHUP");
      await node.see("log.reopened", {}, seen);
      await node.see("document.applied", {}, node.lines.length);
    }
    node.signal("SIGTERM");
    expect(await node.exited).toEqual({ code: 0, signal: null });
    const names = [...Array.from({ length: 10 }, (_, index) => `${file}.${index + 1}`), file];
    const texts = await Promise.all(names.map((name) => readFile(name, "utf8")));
    expect(texts.every((text) => text.endsWith("\n"))).toBe(true);
    const records = texts.flatMap((text) => text.trimEnd().split("\n")).map((text) => JSON.parse(text) as Line);
    expect(records.map(({ record }) => record)).toEqual(records.map((_, index) => index + 1));
    const logged = records.map(({ event }) => event);
    const printed = node.lines
      .map((line) => line.event)
      .filter((event) => event !== "network.listening" && event !== "network.refused");
    expect(withoutReopening(logged)).toEqual(withoutReopening(printed));
  });

  test("goes on when nobody reads the standard output any more, and status tells how much is lost there", async () => {
    await using plc = await startPlc("--slices", "1");
    await using node = await startNode(plc.address, []);
    node.leave();
    const told = async (): Promise<Readonly<Record<string, number>>> => {
      const [, status] = (await call(node, "status")) as [number, Record<string, number>];
      return status;
    };
    await expect.poll(async () => (await told())["output_dropped"], { timeout: 30_000 }).toBeGreaterThan(2);
    expect(await told()).toMatchObject({ log_dropped: 0 });
  });

  test("two hundred SIGHUPs do no harm, and without the guard one kills", async () => {
    await using plc = await startPlc("--slices", "1");
    await using node = await startNode(plc.address, []);
    for (let count = 0; count < 200; count += 1) node.signal("SIGHUP");
    await node.see("log.reopened");
    await node.see("document.applied", {}, node.lines.length);
    await using naive = await startNode(plc.address, ["--without", "reopen-log-on-hup"]);
    naive.signal("SIGHUP");
    expect(await naive.exited).toMatchObject({ signal: "SIGHUP" });
  });
});
