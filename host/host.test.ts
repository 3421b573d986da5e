import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { describeHost } from "./host.testing.ts";
import { startRealPair } from "./real/pair.testing.ts";
import { createRealHost } from "./real.ts";

describe("the real host", () => {
  describeHost(startRealPair);
});

const options = { name: "test", directory: tmpdir(), log: () => {} };

function draw(seed: number): readonly number[] {
  const { random } = createRealHost({ ...options, seed });
  return Array.from({ length: 5 }, () => random.number());
}

test("the same seed draws the same numbers, another seed others", () => {
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  expect(draw(1)).not.toEqual(draw(2 ** 32 + 1));
});

test("a table of names comes before the system's resolver, and maps natural ports to free ones", async () => {
  const logged: unknown[] = [];
  const names = { "plc.test:443": "127.0.0.1:4001" };
  const { network } = createRealHost({
    ...options,
    seed: 1,
    names,
    log: (event, fields) => void logged.push({ event, ...fields }),
  });
  expect(await network.resolve({ host: "plc.test", port: 443 })).toEqual([{ host: "127.0.0.1", port: 4001 }]);
  expect(await network.resolve({ host: "127.0.0.1", port: 443 })).toEqual([{ host: "127.0.0.1", port: 443 }]);
  await using listener = await network.listen({ port: 443 }, () => {});
  const { host, port } = listener.address;
  expect(port).not.toBe(443);
  expect(logged).toEqual([{ event: "network.listening", port: 443, address: `${host}:${port}` }]);
});

test("a child ends with its code", async () => {
  const { processes } = createRealHost({ ...options, seed: 1 });
  const child = await processes.start("sh", ["-c", "exit 7"]);
  expect(await child.exited).toEqual({ code: 7, signal: undefined });
  expect(child.signal("TERM")).toBe(false);
});

test("a signal to a child reaches its whole group, the stopped ones included", async () => {
  const { processes, files } = createRealHost({ ...options, seed: 1 });
  const child = await processes.start("sh", ["-c", "sleep 1000 & wait"], { directory: "/" });
  const members = async (): Promise<number> => {
    const stats = await Promise.all((await files.list("/proc")).filter((name) => /^\d+$/.test(name)).map(groupOf));
    return stats.filter((group) => group === child.pid).length;
  };
  async function groupOf(pid: string): Promise<number | undefined> {
    const stat = await files.read(`/proc/${pid}/stat`).catch(() => "");
    // Fields after the command's name: state, parent, group.
    const [, state, , group] = /\) (\S) (\S+) (\S+)/.exec(String(stat)) ?? [];
    return state === "Z" ? undefined : Number(group);
  }
  while ((await members()) < 2);
  child.signal("STOP");
  child.signal("KILL");
  expect(await child.exited).toEqual({ code: undefined, signal: "KILL" });
  while ((await members()) > 0);
});
