import { describe, expect, test } from "vitest";
import { WorldError } from "../../errors.ts";
import type { Link, Service } from "../../plan/schema.ts";
import { specOf, volumesOf } from "./containers.ts";
import type { ServiceContainerOptions } from "./containers.ts";
import type { Images } from "./images.ts";

const defaults: Service = { args: [], env: {}, files: {}, folder: ".", start_timeout: 10_000, stop_timeout: 2000 };
const link: Link = { from: "my_client", to: "server", proto: "https", port: 443, name: "plc.test" };
const found = {
  id: "sha256:1",
  entrypoint: ["run"],
  command: ["serve", "-v"],
  directory: "/",
  hasHealthCheck: false,
  architecture: "amd64",
  environment: {},
};

/** What the images of a run answer, without any. */
const images: Images = {
  own: async () => "sinbin-programs:1",
  tool: async () => "sinbin-tool:1",
  ofProgram: async (program) => ({ image: "sinbin-programs:1", program: `/opt/sinbin/${program}` }),
  foreign: async ({ image = "built:1" }) => ({ ...found, name: image }),
};

function options(service: Partial<Service>, more: Partial<ServiceContainerOptions> = {}): ServiceContainerOptions {
  return {
    name: "my_client",
    service: { ...defaults, ...service },
    run: "abc",
    labels: { "sinbin.run": "abc" },
    images,
    network: {
      id: "n1",
      prefix: "198.18.7",
      harness: "198.18.7.1",
      service: "198.18.7.2",
      names: new Map([["plc.test", "198.18.7.3"]]),
    },
    services: new Map(),
    folderOf: async (volume) => `/volumes/${volume}`,
    doorOf: (name) => `the door of ${name}`,
    links: new Map([
      ["fetch-it", link],
      ["other", { ...link, from: "server", to: "my_client" }],
    ]),
    without: [],
    journalled: false,
    hasClock: false,
    seed: 7,
    ...more,
  };
}

describe("the container of a program", () => {
  test("is told where its links, its keys and its seed are, and has a directory and a room of its own", async () => {
    expect(await specOf(options({ program: "a.ts", args: ["--poll", "1s"] }, { without: ["guard"] }))).toMatchObject({
      name: "sinbin-abc-my_client",
      // No underscore may be in a host's name.
      hostname: "my-client",
      image: "sinbin-programs:1",
      entrypoint: ["node", "/opt/sinbin/host/start.ts", "/opt/sinbin/a.ts"],
      command: ["--poll", "1s", "--without", "guard"],
      directory: "/service",
      network: { id: "n1", address: "198.18.7.2" },
      hosts: new Map([["plc.test", "198.18.7.3"]]),
      volumes: [
        { name: "sinbin-abc-my_client-home", at: "/service" },
        { name: "sinbin-abc-my_client-room", at: "/sinbin" },
      ],
      environment: {
        SINBIN_LINK_FETCH_IT_HOST: "198.18.7.3",
        SINBIN_LINK_FETCH_IT_PORT: "443",
        SINBIN_RUN: "abc",
        SINBIN_SERVICE: "my_client",
        SINBIN_SEED: "7",
        SINBIN_CA: "/sinbin/authority.pem",
      },
    });
  });

  test("knows nothing of the links of others, and writes a journal only if somebody reads it", async () => {
    const plain = await specOf(options({ program: "a.ts" }));
    expect(Object.keys(plain.environment ?? {}).filter((name) => /OTHER|JOURNAL/.test(name))).toEqual([]);
    const journalled = await specOf(options({ program: "a.ts" }, { journalled: true }));
    expect(journalled.environment).toMatchObject({ SINBIN_JOURNAL: "/sinbin/journal" });
  });

  test("what the plan says of its environment counts", async () => {
    const spec = await specOf(options({ program: "a.ts", env: { SINBIN_SEED: "1", WORD: "x" } }));
    expect(spec.environment).toMatchObject({ SINBIN_SEED: "1", WORD: "x" });
  });
});

describe("the container of an image", () => {
  test("does what the image does, with more arguments, unless the plan has another command", async () => {
    const own = await specOf(options({ image: "redis:8", args: ["--save"] }));
    expect([own.image, own.entrypoint, own.command]).toEqual(["redis:8", undefined, ["serve", "-v", "--save"]]);
    const other = await specOf(options({ image: "redis:8", command: ["sh", "-c", "x"], user: "999" }));
    expect([other.command, other.user, other.directory]).toEqual([["sh", "-c", "x"], "999", undefined]);
  });

  test("that has to be healthy needs a health check", async () => {
    const healthy = options({ image: "redis:8", ready: { healthy: true } });
    await expect(specOf(healthy)).rejects.toThrow(WorldError);
    await expect(specOf(healthy)).rejects.toThrow(
      "my_client has to be healthy, and its image redis:8 has no HEALTHCHECK",
    );
    const checked = { ...images, foreign: async () => ({ ...found, name: "redis:8", hasHealthCheck: true }) };
    await expect(specOf({ ...healthy, images: checked })).resolves.toMatchObject({ image: "redis:8" });
  });

  test("has the volumes that the plan names, which lie in the gate as they do in the image", () => {
    const service = { ...defaults, image: "redis:8", volumes: ["/data", "/var/lib/x"] };
    expect(volumesOf("abc", "cache", service)).toMatchObject([
      { name: "sinbin-abc-cache-volume-0", inGate: "/services/cache/home/data", inService: "/data" },
      { name: "sinbin-abc-cache-volume-1", inGate: "/services/cache/home/var/lib/x", inService: "/var/lib/x" },
      { name: "sinbin-abc-cache-room", inGate: "/services/cache/room", inService: "/sinbin" },
    ]);
  });
});
