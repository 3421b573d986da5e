import childProcess from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import nodeCrypto from "node:crypto";
import dgram from "node:dgram";
import dns from "node:dns";
import fs from "node:fs";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Agent, createServer, request } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import os from "node:os";
import { duplexPair, type Duplex } from "node:stream";
import timers from "node:timers";
import { scheduler, setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import zlib from "node:zlib";
import { expect, test } from "vitest";
import { runAs, type Party } from "./context.ts";
import { forbid } from "./forbidden.ts";

const party: Party = {
  name: "node",
  crash(error) {
    throw error;
  },
};

const bytes = Buffer.from("bytes");
const nothing = (): void => {};
const gone = (error: Error): void => expect(error.message).not.toContain("is not to be had");

/** How the message names it, and a use of it that does no harm. */
const uses: Readonly<Record<string, () => unknown>> = {
  "Date.now": () => Date.now(),
  "new Date()": () => new Date(),
  "Date()": () => Date(),
  "performance.now": () => performance.now(),
  "performance.timeOrigin": () => performance.timeOrigin,
  "performance.mark": () => performance.mark("here"),
  "process.hrtime": () => process.hrtime(),
  "process.hrtime.bigint": () => process.hrtime.bigint(),
  "process.uptime": () => process.uptime(),
  setTimeout: () => clearTimeout(setTimeout(nothing, 0)),
  setInterval: () => clearInterval(setInterval(nothing, 1)),
  setImmediate: () => clearImmediate(setImmediate(() => undefined)),
  "timers.setTimeout": () => clearTimeout(timers.setTimeout(nothing, 0)),
  "timers.setInterval": () => clearInterval(timers.setInterval(nothing, 1)),
  "timers.setImmediate": () => clearImmediate(timers.setImmediate(nothing)),
  "timers/promises.setTimeout": () => sleep(0),
  "scheduler.yield": () => scheduler.yield(),
  "AbortSignal.timeout": () => AbortSignal.timeout(1),
  "Math.random": () => Math.random(),
  "crypto.getRandomValues": () => crypto.getRandomValues(new Uint8Array(1)),
  "crypto.randomUUID": () => crypto.randomUUID(),
  "crypto.subtle": () => crypto.subtle,
  "crypto.randomBytes": () => randomBytes(1),
  "crypto.randomInt": () => randomInt(2),
  "crypto.randomFill": () => nodeCrypto.randomFill(new Uint8Array(1), nothing),
  "crypto.randomFillSync": () => nodeCrypto.randomFillSync(new Uint8Array(1)),
  "crypto.generateKeyPair": () => nodeCrypto.generateKeyPair("ed25519", {}, nothing),
  "crypto.generateKeyPairSync": () => nodeCrypto.generateKeyPairSync("ed25519"),
  "crypto.pbkdf2": () => nodeCrypto.pbkdf2("a", "b", 1, 1, "sha1", nothing),
  "crypto.scrypt": () => nodeCrypto.scrypt("a", "b", 1, nothing),
  "zlib.gzip": () => zlib.gzip(bytes, nothing),
  "zlib.createGzip": () => zlib.createGzip(),
  "zlib.Inflate": () => Reflect.construct(zlib.Inflate, []),
  CompressionStream: () => new CompressionStream("gzip"),
  fetch: () => fetch("data:,text"),
  WebSocket: () => new WebSocket("ws://127.0.0.1:1").close(),
  "net.connect": () => net.connect({ port: 1, host: "127.0.0.1" }).on("error", gone).destroy(),
  "net.createConnection": () => net.createConnection({ port: 1, host: "127.0.0.1" }).on("error", gone).destroy(),
  "net.createServer": () => net.createServer(),
  "net.Socket.connect": () => new net.Socket().connect({ port: 1, host: "127.0.0.1" }).on("error", gone).destroy(),
  "net.Server.listen": () => new net.Server().listen({ port: 0, host: "127.0.0.1" }).close(),
  "tls.connect": () => tls.connect({ port: 1, host: "127.0.0.1" }).on("error", gone).destroy(),
  "dgram.createSocket": () => dgram.createSocket("udp4").close(),
  "dns.lookup": () => dns.lookup("127.0.0.1", nothing),
  "dns/promises.lookup": () => dns.promises.lookup("127.0.0.1"),
  "dns/promises.Resolver": () => new dns.promises.Resolver(),
  "fs.readFileSync": () => readFileSync("/dev/null"),
  "fs.readFile": () => fs.readFile("/dev/null", nothing),
  "fs.existsSync": () => fs.existsSync("/dev/null"),
  "fs.createWriteStream": () => fs.createWriteStream("/dev/null").destroy(),
  "fs/promises.readFile": () => readFile("/dev/null"),
  "child_process.spawnSync": () => childProcess.spawnSync("true"),
  "child_process.spawn": () => childProcess.spawn("true").on("error", nothing),
  "worker_threads.Worker": () => new Worker("", { eval: true }).terminate(),
  "process.on": () => process.off("SIGUSR2", nothing).on("SIGUSR2", nothing).off("SIGUSR2", nothing),
  "process.kill": () => process.kill(process.pid, 0),
  "os.hostname": () => os.hostname(),
};

test.each(Object.entries(uses))(
  "%s throws inside of a simulated process, by name, and nowhere else",
  async (name, use) => {
    using _ = forbid();
    expect(() => runAs(party, use)).toThrow(`${name} is not to be had in a simulation (used by node): `);
    await use();
  },
);

test("the message says what to take instead", () => {
  using _ = forbid();
  expect(() => runAs(party, () => Date.now())).toThrow(
    "Date.now is not to be had in a simulation (used by node): take host.clock.wall()",
  );
});

test("it throws in whatever a simulated process began, too", async () => {
  using _ = forbid();
  await expect(
    runAs(party, async () => {
      await new Promise<void>((resolve) => process.nextTick(resolve));
      return Math.random();
    }),
  ).rejects.toThrow("Math.random is not to be had");
});

test("no other door of these modules is open", () => {
  using _ = forbid();
  const open = Object.entries({
    fs,
    "fs/promises": fs.promises,
    dns,
    "dns/promises": dns.promises,
    childProcess,
  }).flatMap(([module, functions]) =>
    Object.entries(functions)
      .filter(([key, value]) => /^[a-z]/.test(key) && typeof value === "function")
      .filter(([, value]) => !throwsByName(value as () => unknown))
      .map(([key]) => `${module}.${key}`),
  );
  expect(open).toEqual([]);
});

test("process.exit throws inside of a simulated process", () => {
  using _ = forbid();
  expect(() => runAs(party, () => process.exit(0))).toThrow("process.exit is not to be had");
});

test("the promise's version of a function that calls back is shut as well", async () => {
  using _ = forbid();
  for (const use of [() => promisify(setTimeout)(0), () => promisify(zlib.gzip)(bytes)]) {
    await expect(runAs(party, async () => use())).rejects.toThrow("is not to be had in a simulation");
  }
});

test("what is the same in every run stays allowed", async () => {
  using _ = forbid();
  await runAs(party, async () => {
    expect(new Date(0).toISOString()).toBe("1970-01-01T00:00:00.000Z");
    expect(Date.UTC(1970, 0, 1)).toBe(0);
    expect(new Date(0)).toBeInstanceOf(Date);
    expect(new Date(0).constructor).toBe(Date);
    expect(new (class Moment extends Date {})(5).getTime()).toBe(5);
    expect(zlib.gunzipSync(zlib.gzipSync(bytes))).toEqual(bytes);
    expect(nodeCrypto.createHash("sha256").update("").digest("hex")).toMatch(/^e3b0c442/);
    expect(nodeCrypto.scryptSync("a", "b", 1)).toHaveLength(1);
    expect(net.isIP("127.0.0.1")).toBe(4);
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(process.on("warning", nothing).off("warning", nothing)).toBe(process);
    expect(new Error("with a stack").stack).toContain("forbidden.test.ts");
  });
});

test("all is as it was when the last holder lets go", () => {
  syncBuiltinESMExports();
  const before = look();
  const one = forbid();
  const other = forbid();
  expect(look()).not.toEqual(before);
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  expect(throwsByName(() => Math.random())).toBe(true);
  other[Symbol.dispose]();
  const after = look();
  for (const [index, value] of before.entries()) expect(after[index]).toEqual(value);
  expect(runAs(party, () => Math.random())).toBeLessThan(1);
});

test("Node's own http runs inside of a simulated process, over any stream", async () => {
  using _ = forbid();
  const answer = await runAs(party, async () => {
    const server = createServer(
      { keepAliveTimeout: 0, connectionsCheckingInterval: 2 ** 31 - 1 },
      (question, reply) => {
        reply.sendDate = false;
        question.pipe(reply);
      },
    );
    const agent = new (class extends Agent {
      override createConnection(): Duplex {
        const [client, accepted] = duplexPair();
        server.emit("connection", accepted);
        return client;
      }
    })();
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const question = request({ agent, method: "POST", host: "plc.test" }, (reply) => {
      let text = "";
      reply.on("data", (chunk: Buffer) => (text += String(chunk))).on("end", () => resolve(text));
    });
    question.on("error", reject).end("hello");
    return promise;
  });
  expect(answer).toBe("hello");
});

function throwsByName(use: () => unknown): boolean {
  try {
    void runAs(party, use);
    return false;
  } catch (error) {
    return error instanceof Error && error.message.includes("is not to be had in a simulation");
  }
}

function look(): readonly unknown[] {
  return [
    Date,
    setTimeout,
    fetch,
    fs.readFileSync,
    readFileSync,
    readFile,
    randomBytes,
    zlib.createGzip,
    ...[
      [Date, "now"],
      [Date.prototype, "constructor"],
      [Math, "random"],
      [process, "on"],
      [performance, "now"],
      [Object.getPrototypeOf(performance), "now"],
      [Object.getPrototypeOf(performance), "timeOrigin"],
      [Object.getPrototypeOf(crypto), "subtle"],
      [zlib, "createGzip"],
    ].map(([holder, key]) => Object.getOwnPropertyDescriptor(holder, key as string)),
  ];
}
