/** Images that know nothing of sinbin as services: what a plan gives them, and how they find one another. */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Service } from "../../plan/schema.ts";
import { createImages } from "./images.ts";
import { hasEngine, theEngine } from "./engine.testing.ts";
import { openStage } from "./stage.testing.ts";
import type { Stage } from "./stage.testing.ts";

/** Has a shell and Node; to the world it is an image like any other. */
async function imageOf(): Promise<string> {
  return createImages(theEngine(), () => {}).own();
}

function service(image: string, script: string, more: Partial<Service> = {}): Service {
  const defaults = { args: [], env: {}, files: {}, folder: ".", start_timeout: 60_000, stop_timeout: 2000 };
  return { ...defaults, image, command: ["sh", "-c", script], ready: { line: "^up$" }, ...more };
}

function linesOf({ happenings }: Stage, name: string): readonly (string | undefined)[] {
  return happenings.flatMap((each) => (each.event === "service.log" && each.service === name ? [each.line] : []));
}

describe.runIf(hasEngine)("services of one run", () => {
  let stage: Stage;
  let published: number;
  beforeAll(async () => {
    const image = await imageOf();
    published = await freePort();
    const look =
      "id -u; id -g; cat /etc/own/file; echo $WORD; ulimit -n; ps 2>/dev/null; echo $$; echo up; exec sleep 1000";
    const keep = "echo life >> /data/lives; cat /data/lives | wc -l; echo up; exec sleep 1000";
    const serve = `exec node -e 'require("net").createServer((s) => s.end("hello")).listen(7000, () => console.log("up"))'`;
    const ask = "getent hosts server > /dev/null && echo found || echo unknown; echo up; exec sleep 1000";
    stage = await openStage({
      services: {
        look: service(image, look, {
          user: "12345:12346",
          files: { "/etc/own/file": "a given file\n" },
          env: { WORD: "a word" },
          limits: { memory: 64 * 1024 * 1024, cpus: 0.5, processes: 20, open_files: 123 },
        }),
        keeper: service(image, keep, { user: "root", volumes: ["/data"], restart: { after: 1 } }),
        server: service(image, serve, { networks: ["inside"], ports: [{ published, port: 7000 }] }),
        friend: service(image, ask, { networks: ["inside"] }),
        stranger: service(image, ask),
      },
    });
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  test("an image has its user, files, environment and limits, and its main process is not the first", () => {
    const lines = linesOf(stage, "look");
    expect(lines.slice(0, 5)).toEqual(["12345", "12346", "a given file", "a word", "123"]);
    expect(Number(lines.at(-2))).toBeGreaterThan(1);
  });

  test("a volume outlives the life of its service, what is beside it is the container's, and faults find its files", async () => {
    const { process, disk } = stage.world.services.get("keeper")?.targets ?? {};
    await process?.signal("KILL", "main");
    await stage.until(() => linesOf(stage, "keeper").filter((line) => line === "up").length === 2);
    expect(linesOf(stage, "keeper")).toEqual(["1", "up", "2", "up"]);
    expect(await disk?.files()).toEqual(["/data/lives"]);
    const fault = await stage.inject("disk.truncate", "keeper", { path: "/data/l*", to: "4B" });
    expect(fault.hits).toHaveLength(1);
    expect(String(await disk?.read("/data/lives"))).toBe("life");
  });

  test("who shares a network finds the other by name, and nobody else does", () => {
    expect([linesOf(stage, "friend")[0], linesOf(stage, "stranger")[0]]).toEqual(["found", "unknown"]);
  });

  test("a port is there for people to look in, on the engine's machine", async () => {
    const socket = connect(published, "127.0.0.1");
    const [chunk] = (await once(socket, "data")) as [Buffer];
    expect(String(chunk)).toBe("hello");
    socket.destroy();
  });
});

describe.runIf(hasEngine)("at an engine", () => {
  test("a volume of a given size is full for a while, and has room again", async () => {
    const image = await imageOf();
    const script =
      "echo up; while :; do head -c 100000 /dev/zero > /data/file && echo written || echo refused; rm -f /data/file; sleep 0.05; done";
    await using stage = await openStage({
      services: {
        writer: service(image, script, { user: "12345", volumes: ["/data"], limits: { disk: 2 * 1024 * 1024 } }),
      },
    });
    const last = () => linesOf(stage, "writer").at(-1);
    await stage.until(() => last() === "written");
    const full = await stage.inject("disk.full", "writer");
    await stage.until(() => last() === "refused");
    await full.lift();
    await stage.until(() => last() === "written");
    expect(linesOf(stage, "writer")).toContain("refused");
  });

  test("an image that is built first is ready when its own health check says so", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sinbin-test-"));
    try {
      const own = await imageOf();
      const lines = [
        `FROM ${own}`,
        "HEALTHCHECK --interval=1s CMD test -e /tmp/up",
        'CMD ["sh", "-c", "echo up; sleep 1; touch /tmp/up; exec sleep 1000"]',
      ];
      await writeFile(join(folder, "Dockerfile"), lines.join("\n"));
      const { image: _, command: __, ...rest } = service("", "");
      const built = { ...rest, build: { context: folder, dockerfile: "Dockerfile", args: {} } };
      await using stage = await openStage({ services: { slow: { ...built, ready: { healthy: true } } } });
      const events = stage.happenings.map(({ event }) => event);
      expect(events.indexOf("service.ready")).toBeGreaterThan(events.indexOf("service.log"));
      await expect(
        openStage({ services: { never: { ...service(own, "exec sleep 1000"), ready: { healthy: true } } } }),
      ).rejects.toThrow(/never has to be healthy, and its image .* has no HEALTHCHECK/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("an image that is nowhere to be had is trouble of the world, with what to do", async () => {
    const missing = service("sinbin-no-such-image:1", "exit");
    await expect(openStage({ services: { missing } })).rejects.toThrow(
      /the image sinbin-no-such-image:1 is not there and can't be pulled: .*pull or build it by hand/,
    );
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
