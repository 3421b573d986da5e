/** Services that are images. */
import { describe, expect, test } from "vitest";
import { bindPlan } from "./parse.ts";
import { parseText, problemsIn } from "./plan.testing.ts";

const files = {
  "my-daemon/Dockerfile": "FROM scratch",
  "my-daemon/docker/test.Dockerfile": "FROM scratch",
  Dockerfile: "FROM scratch",
  "empty/readme": "",
};

const withService = (service: string, more = ""): string =>
  `plan: p\nservices:\n  cache: ${service}\n${more}\nphases: [{ name: rest, for: 1s }]\n`;

describe("an image", () => {
  test("has all that a service has, and what containers have besides", async () => {
    const { services } = await parseText(
      withService(`
    image: ghcr.io/owner/redis:8
    command: [redis-server, /etc/redis.conf]
    env: { MODE: test }
    files: { /etc/redis.conf: save 1 1 }
    ready: { healthy: true }
    user: "999:999"
    volumes: [/data]
    networks: [inside]
    ports: [6379, "16380:6380"]
    limits: { memory: 256MiB, cpus: 1.5, processes: 100, open_files: 1024 }
  exporter: { image: exporter, networks: [inside] }`),
    );
    expect(services["cache"]).toEqual({
      image: "ghcr.io/owner/redis:8",
      command: ["redis-server", "/etc/redis.conf"],
      args: [],
      env: { MODE: "test" },
      files: { "/etc/redis.conf": "save 1 1" },
      ready: { healthy: true },
      user: "999:999",
      volumes: ["/data"],
      networks: ["inside"],
      ports: [
        { published: 6379, port: 6379 },
        { published: 16380, port: 6380 },
      ],
      limits: { memory: 256 * 1024 * 1024, cpus: 1.5, processes: 100, open_files: 1024 },
      folder: ".",
      start_timeout: 10_000,
      stop_timeout: 2000,
    });
  });

  test("may be another one in each cell", async () => {
    const plan = await parseText(withService("{ image: $version }", "matrix: { version: [redis:7, redis:8] }"));
    expect(plan.services["cache"]?.image).toBe("redis:7");
    expect(bindPlan(plan, { seed: 1, cell: { version: "redis:8" }, params: {} }).services["cache"]?.image).toBe(
      "redis:8",
    );
  });

  test.each([
    "redis",
    "redis:8.2-alpine",
    "library/redis",
    "localhost:5000/team/my_daemon:latest",
    `redis@sha256:${"0".repeat(64)}`,
    "ghcr.io/owner/redis",
    "sinbin-test/a__b.c--d",
  ])("may be called %s", async (name) => {
    expect(await problemsIn(withService(`{ image: "${name}" }`))).toEqual([]);
  });

  test.each(["", "Redis", "redis:", ":8", "redis 8", "redis:8:9", "a//b", "/redis", "redis@sha256:12", "a..b", "-a"])(
    "can't be called %j",
    async (name) => {
      expect(await problemsIn(withService(`{ image: "${name}" }`))).toEqual([
        expect.stringContaining("services.cache.image: write the name of an image, such as redis:8"),
      ]);
    },
  );

  test("has a command that is its own matter", async () => {
    expect(await problemsIn(withService("{ image: redis, command: [./run.sh] }"))).toEqual([]);
    expect(await problemsIn(withService("{ command: [./run.sh] }"))).toEqual([
      expect.stringContaining("services.cache.command[0]: there is no file ./run.sh"),
    ]);
  });
});

describe("an image that is built", () => {
  test.each([
    ["./my-daemon", { context: "my-daemon", dockerfile: "Dockerfile", args: {} }],
    ["./my-daemon/", { context: "my-daemon", dockerfile: "Dockerfile", args: {} }],
    [".", { context: ".", dockerfile: "Dockerfile", args: {} }],
    ["my-daemon", { context: "my-daemon", dockerfile: "Dockerfile", args: {} }],
    [
      "{ context: ./my-daemon, dockerfile: docker/test.Dockerfile, target: debug, args: { VERSION: $v } }",
      { context: "my-daemon", dockerfile: "docker/test.Dockerfile", target: "debug", args: { VERSION: "1.2" } },
    ],
  ])("from %s", async (build, expected) => {
    const plan = await parseText(withService(`{ build: ${build} }`, 'params: { v: { default: "1.2" } }'), files);
    expect(plan.services["cache"]?.build).toEqual(expected);
  });

  test("counts its folder from the file that it is written in, in every cell", async () => {
    const plan = await parseText(
      `plan: p\ninclude: [lib/one.yaml]\nmatrix: { v: [a, b] }\nphases: [{ name: rest, for: 1s }]\n`,
      {
        "lib/one.yaml": "services: { cache: { build: { context: ../my-daemon, args: { V: $v } } } }\n",
        ...files,
      },
    );
    const bound = bindPlan(plan, { seed: 1, cell: { v: "b" }, params: {} });
    expect(bound.services["cache"]?.build).toEqual({
      context: "my-daemon",
      dockerfile: "Dockerfile",
      args: { V: "b" },
    });
  });

  test("finds its subject in that folder", async () => {
    const subject = { "my-daemon/subject.yaml": "subject: mine\nready: { healthy: true }\n" };
    const plan = await parseText(withService("{ build: ./my-daemon }"), { ...files, ...subject });
    expect(plan.services["cache"]).toMatchObject({ ready: { healthy: true }, subject: { subject: "mine" } });
  });

  test.each([
    ["./nowhere", "services.cache.build: there is no folder ./nowhere"],
    ["nowhere", "services.cache.build: there is no folder nowhere"],
    [
      "./my-daemon/Dockerfile",
      "services.cache.build: ./my-daemon/Dockerfile is a file: write the folder that it is in",
    ],
    ["./empty", "services.cache.build: there is no file Dockerfile in ./empty"],
    ["{ context: ./nowhere }", "services.cache.build.context: there is no folder ./nowhere"],
    [
      "{ context: ./my-daemon, dockerfile: other }",
      "services.cache.build.dockerfile: there is no file other in ./my-daemon",
    ],
    [
      "{ context: ./my-daemon, dockerfile: ../Dockerfile }",
      "services.cache.build.dockerfile: write a path within the folder",
    ],
    ["{ dockerfile: Dockerfile }", "services.cache.build.context: this is missing: write a folder with a Dockerfile"],
    ["{ context: ./my-daemon, tags: [x] }", "services.cache.build.tags: there is no key tags here"],
    ["3", "services.cache.build: write a folder with a Dockerfile, such as ./my-daemon"],
  ])("not from %s", async (build, message) => {
    const problems = await problemsIn(withService(`{ build: ${build} }`), files);
    expect(problems[0]).toContain(message);
  });
});

describe("one mistake, one sentence", () => {
  test.each([
    ["{}", "services.cache: write what to run: exactly one of program, command, image and build"],
    ["{ image: redis, build: ./my-daemon }", "services.cache: write what to run: exactly one of"],
    ["{ image: redis, program: node.ts }", "services.cache: write what to run: exactly one of"],
    ["{ command: [a], program: node.ts }", "services.cache: write what to run: exactly one of"],
    ["{ imag: redis }", "services.cache.imag: there is no key imag here: did you mean image?"],
    ["{ command: [a], user: root }", "services.cache.user: leave out user: it goes with image and build"],
    [
      "{ program: node.ts, volumes: [/data] }",
      "services.cache.volumes: leave out volumes: it goes with image and build",
    ],
    ["{ program: node.ts, ports: [80] }", "services.cache.ports: leave out ports: it goes with image and build"],
    [
      "{ command: [a], limits: { cpus: 1 } }",
      "services.cache.limits: leave out limits: it goes with image, build and program",
    ],
    [
      "{ command: [a], ready: { healthy: true } }",
      "services.cache.ready.healthy: write another ready: cache is a command, and only an image has a health check",
    ],
    ["{ image: a, ready: { healthy: false } }", "services.cache.ready.healthy: write true, or leave it out"],
    [
      "{ image: a, ready: { port: 80, healthy: true } }",
      "services.cache.ready: write what readiness means: exactly one of { port: 443 }, { log: ready }",
    ],
    ["{ image: a, ready: { line: '(' } }", "services.cache.ready.line: write a regular expression of JavaScript"],
    [
      "{ image: a, ready: { http: { path: / } } }",
      "services.cache.ready.http.port: this is missing: write a port, such as 443",
    ],
    [
      "{ image: a, ready: { http: { port: 80, method: PUT } } }",
      "services.cache.ready.http.method: there is no key method here",
    ],
    ["{ image: a, user: 999 }", 'services.cache.user: write a user in quotes, such as "999", "999:999" or redis'],
    ["{ image: a, volumes: [data] }", "services.cache.volumes[0]: write an absolute path, such as /data"],
    ["{ image: a, volumes: [/data/../etc] }", "services.cache.volumes[0]: write an absolute path, such as /data"],
    ["{ image: a, volumes: [/] }", "services.cache.volumes[0]: write an absolute path, such as /data"],
    ["{ image: a, volumes: [/data, /data] }", "services.cache.volumes: write each path once"],
    ["{ image: a, ports: [] }", "services.cache.ports: write at least one port"],
    ["{ image: a, ports: ['0.0.0.0:80:80'] }", 'services.cache.ports[0]: write a port, such as 6379 or "16379:6379"'],
    ["{ image: a, ports: ['80:70000'] }", 'services.cache.ports[0]: write a port, such as 6379 or "16379:6379"'],
    [
      "{ image: a, ports: [80, '80:81'] }",
      "services.cache.ports[1]: cache has published 80 already: write another number",
    ],
    [
      "{ image: a, networks: [inside] }",
      "services.cache.networks[0]: only cache is in inside: write it at another service",
    ],
    [
      "{ image: a, limits: {} }",
      "services.cache.limits: write at least one of memory, cpus, disk, processes and open_files",
    ],
    [
      "{ image: a, limits: { memory: 256 } }",
      "services.cache.limits.memory: write a size in whole bytes with its unit",
    ],
    ["{ image: a, limits: { memory: 1MiB } }", "services.cache.limits.memory: write 6MiB or more"],
    ["{ image: a, limits: { cpus: 0 } }", "services.cache.limits.cpus: write 0.01 or more"],
    ["{ image: a, limits: { cpu: 1 } }", "services.cache.limits.cpu: there is no key cpu here: did you mean cpus?"],
    [
      "{ image: a, files: { etc/a.conf: x } }",
      "services.cache.files.etc/a.conf: write an absolute path, such as /etc/etc/a.conf: cache is an image",
    ],
    [
      "{ command: [a], files: { /etc/a.conf: x } }",
      "services.cache.files./etc/a.conf: write a path within its directory, such as a.conf: cache is a command",
    ],
  ])("%s", async (service, message) => {
    const problems = await problemsIn(withService(service), { ...files, "subject.yaml": "subject: s\n" });
    expect(problems).toEqual([expect.stringContaining(message)]);
  });

  test("a subject says nothing of health checks for a program", async () => {
    const problems = await problemsIn(withService("{ program: node.ts }"), {
      "subject.yaml": "subject: s\nready: { healthy: true }\n",
    });
    expect(problems).toEqual([expect.stringContaining("services.cache: write another ready: cache is a program")]);
  });
});

describe("faults of images", () => {
  const services = `plan: p
services:
  node: { program: node.ts }
  cache: { image: redis, command: [redis-server], volumes: [/data, /var/lib/cache] }
  bare: { build: . }
links: { look: { from: cache, to: node, proto: tcp, port: 80 } }
params: { file: { default: /data/dump.rdb }, wrong: { default: { choice: [/data/a, dump.rdb] } } }
phases:
  - name: storm
    for: 60s
    faults:
      - `;
  const problemsOf = (step: string): Promise<readonly string[]> => problemsIn(`${services}${step}\n`, files);

  test.each([
    ["disk.power_loss: {}", "disk.power-loss acts on programs only, and cache is an image: use process.kill"],
    ["disk.full: {}", "disk.full acts on programs only, and cache is an image: "],
    ["limits.processes: { to: 3 }", "limits.processes acts on programs only, and cache is an image: "],
    ["limits.open_files: { to: 40 }", "nobody can see what cache, an image, was refused: only programs tell"],
  ])("%s is refused as for a command", async (fault, message) => {
    expect(await problemsOf(`${fault}\n        where: cache`)).toEqual([expect.stringContaining(message)]);
  });

  test("nobody can choose among its connects", async () => {
    expect(await problemsOf("tcp.refuse: {}\n        may_miss: true\n        probability: 50%")).toEqual([
      expect.stringContaining("for everybody: nobody tells which connect of cache, an image, comes next"),
    ]);
  });

  test("a refusal is seen by nobody", async () => {
    expect(await problemsOf("tcp.refuse: {}")).toEqual([
      expect.stringContaining("nobody can see that cache, an image, was refused: only programs tell"),
    ]);
  });

  test.each([
    "disk.corrupt: { path: /data/dump.rdb }\n        where: cache",
    "disk.delete: { path: '/var/lib/cache/*.tmp' }\n        where: cache",
    "disk.truncate: { path: $file, to: 1B }\n        where: cache",
    "disk.truncate: { path: { choice: [/data/a, { value: /data/b, weight: 3 }] }, to: 1B }\n        where: [cache]",
    "disk.delete: { path: state.json }\n        where: node",
    "cpu.freeze: {}\n        where: all",
  ])("%s is fine", async (step) => {
    expect(await problemsOf(step)).toEqual([]);
  });

  test.each([
    [
      "disk.delete: { path: dump.rdb }\n        where: cache",
      "disk.delete.path: write a path in a volume of cache, such as /data/dump.rdb: it has /data, /var/lib/cache",
    ],
    [
      "disk.delete: { path: /etc/passwd }\n        where: cache",
      "write a path in a volume of cache, such as /data/passwd",
    ],
    ["disk.delete: { path: /database/x }\n        where: cache", "write a path in a volume of cache, such as /data/x"],
    ["disk.delete: { path: '/*/x' }\n        where: cache", "write a path in a volume of cache, such as /data/x"],
    [
      "disk.delete: { path: $wrong }\n        where: cache",
      "write a path in a volume of cache, such as /data/dump.rdb",
    ],
    [
      "disk.delete: { path: /data/x }\n        where: bare",
      "write volumes at bare, such as volumes: [/data]: faults act on the files of an image that are in one of them",
    ],
    [
      "disk.delete: { path: /data/x }\n        where: { one_of: [cache, node] }",
      "write a path within the directory of node, such as state.json: node is a program, and only files in an image",
    ],
    [
      "choose: [{ disk.delete: { path: x } }, { disk.corrupt: { path: /data/x } }]\n        where: cache",
      "choose[0].disk.delete.path: write a path in a volume of cache, such as /data/x",
    ],
  ])("%s is not", async (step, message) => {
    expect(await problemsOf(step)).toEqual([expect.stringContaining(message)]);
  });
});
