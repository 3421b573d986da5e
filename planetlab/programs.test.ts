/** Both programs as processes over loopback, with a connection between them that can be cut: what they do when the world is not kind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAuthority } from "../host/real/certificates.ts";
import { decodeReply, encodeCall, type XmlRpcValue } from "./xml-rpc.ts";

type Line = Readonly<Record<string, unknown>> & { readonly event: string };
interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly lines: readonly Line[];
  readonly errors: () => string;
  readonly directory: string;
  /** The next line that fits, or one that was there already from index `from` on. */
  see(event: string, where?: Readonly<Record<string, unknown>>, from?: number): Promise<Line>;
  signal(name: NodeJS.Signals): void;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

let home = "";
let run = 0;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "sinbin-planetlab-"));
  const authority = await createAuthority();
  const { certificate, key } = await authority.issue(["plc.test"]);
  await Promise.all([
    writeFile(join(home, "ca.pem"), authority.certificate),
    writeFile(join(home, "cert.pem"), certificate),
    writeFile(join(home, "key.pem"), key),
  ]);
});
afterAll(() => rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 }));

async function start(
  program: string,
  args: readonly string[],
  names: Readonly<Record<string, string>> = {},
  directory = join(home, `run-${(run += 1)}`),
): Promise<Program> {
  await mkdir(directory, { recursive: true });
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "../host/start.ts"), join(import.meta.dirname, program), ...args],
    {
      cwd: directory,
      env: {
        ...process.env,
        SINBIN_SEED: String((run += 1)),
        SINBIN_NAMES: JSON.stringify(names),
        SINBIN_CA: join(home, "ca.pem"),
        SINBIN_CERT: join(home, "cert.pem"),
        SINBIN_KEY: join(home, "key.pem"),
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => [...waiting].forEach((check) => check());
  createInterface(child.stdout).on("line", (text) => {
    lines.push(JSON.parse(text) as Line);
    wake();
  });
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const exited = once(child, "close").then(([code, signal]) => ({ code, signal }));
  void exited.then(wake);
  return {
    pid: child.pid ?? 0,
    lines,
    directory,
    errors: () => errors,
    exited,
    signal: (name) => void child.kill(name),
    see(event, where = {}, from = 0) {
      const { promise, resolve, reject } = Promise.withResolvers<Line>();
      const check = (): void => {
        const found = lines
          .slice(from)
          .find((line) => line.event === event && Object.entries(where).every(([key, value]) => line[key] === value));
        if (found !== undefined) resolve(found);
        else if (child.exitCode !== null || child.signalCode !== null)
          reject(new Error(`${program} has ended before ${event}: ${errors}`));
        else return;
        waiting.delete(check);
      };
      waiting.add(check);
      check();
      return promise;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

const startPlc = async (...args: string[]): Promise<Program & { readonly address: string }> => {
  const program = await start("plc/main.ts", args);
  await program.see("ready");
  const { address } = await program.see("network.listening");
  return { ...program, address: String(address) };
};

/** It is ready, and on its way to its first document. */
async function startNode(address: string, args: readonly string[], directory?: string): Promise<Program> {
  const node = await start("node-manager/main.ts", ["--poll", "50ms", ...args], { "plc.test:443": address }, directory);
  await node.see("ready");
  return node;
}

interface Cutter extends AsyncDisposable {
  readonly address: string;
  /** From now on each connection is cut after so many bytes from PLC; `hold` delivers nothing more and says nothing. */
  cut(how: "fin" | "rst" | "hold" | "refuse" | "never", afterBytes?: number): Promise<void>;
}

async function startCutter(target: string): Promise<Cutter> {
  let how = "never";
  let limit = Number.POSITIVE_INFINITY;
  const sockets = new Set<Socket>();
  const [host, port] = target.split(":");
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: host ?? "", port: Number(port), allowHalfOpen: true });
    const [way, last] = [how, limit];
    let passed = 0;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    client.on("data", (chunk) => upstream.write(chunk)).on("end", () => upstream.end());
    upstream.on("end", () => passed < last && client.end());
    upstream.on("data", (chunk) => {
      const rest = chunk.subarray(0, Math.max(0, last - passed));
      passed += chunk.length;
      if (passed < last) client.write(rest);
      else if (way === "fin") client.end(rest);
      else if (way === "hold") client.write(rest);
      // The peer must have read what came before, or its system would throw that away.
      else if (way === "rst" && passed - chunk.length < last)
        client.write(rest, () => setTimeout(() => client.resetAndDestroy(), 50));
    });
  });
  const open = async (at: number): Promise<void> => {
    server.listen(at, "127.0.0.1");
    await once(server, "listening");
  };
  await open(0);
  const own = (server.address() as AddressInfo).port;
  return {
    address: `127.0.0.1:${own}`,
    async cut(way, afterBytes = Number.POSITIVE_INFINITY) {
      [how, limit] = [way, afterBytes];
      if (way === "refuse") server.close();
      else if (!server.listening) await open(own);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const last = (program: Program, event: string): Line | undefined =>
  program.lines.findLast((line) => line.event === event);
const sliverNames = (program: Program): unknown => last(program, "slivers")?.["names"];
const portOf = (program: Program): unknown =>
  program.lines.find((line) => line.event === "network.listening")?.["address"];

async function call(node: Program, method: string, ...params: readonly XmlRpcValue[]): Promise<XmlRpcValue> {
  const reply = await fetch(`http://${String(portOf(node))}/`, {
    method: "POST",
    body: encodeCall({ method, params }),
  });
  const decoded = decodeReply(await reply.text());
  if ("fault" in decoded) throw new Error(decoded.fault.message);
  return decoded.value;
}

const withoutReopening = (events: readonly string[]): readonly string[] =>
  events.filter((event) => event !== "log.reopened");

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const three = ["princeton_slice001", "princeton_slice002", "princeton_slice003"];
const legacy = ["--path", "/xml/slices-0.5.xml"];

describe("the loop", () => {
  test.for([["versioned", []] as const, ["legacy", legacy] as const])(
    "a %s document becomes slivers, with their keys, and the state is saved",
    async ([, path]) => {
      await using plc = await startPlc("--slices", "3");
      await using node = await startNode(plc.address, path);
      await node.see("state.save.end");
      expect(sliverNames(node)).toEqual(three);
      const state = JSON.parse(await readFile(join(node.directory, "state.json"), "utf8"));
      expect(state.slivers.names).toEqual(three);
      const keys = await readFile(join(node.directory, "slivers", three[0] ?? "", "authorized_keys"), "utf8");
      expect(keys).toMatch(/^ssh-rsa .{300,} user1@site\n/);
    },
  );

  test("a slice that PLC no longer lists loses its sliver, processes first, and a new one is made beside it", async () => {
    await using before = await startPlc("--slices", "3");
    await using node = await startNode(before.address, []);
    await node.see("state.save.end");
    const data = {
      serial: 2,
      slices: [2, 3, 4].map((id) => ({
        id,
        name: `princeton_slice00${id}`,
        expiry: 2_000_000_000,
        nodes: [42],
        users: [],
      })),
    };
    await writeFile(join(home, "next.json"), JSON.stringify(data));
    await using after = await startPlc("--data", join(home, "next.json"));
    await using next = await startNode(after.address, [], await moveAway(node));
    await next.see("document.applied", { serial: 2 });
    expect(sliverNames(next)).toEqual(["princeton_slice002", "princeton_slice003", "princeton_slice004"]);
    expect(
      (await readdir(join(next.directory, "slivers"))).filter(
        (name) => name.startsWith("princeton_slice001.removing") || name === "princeton_slice001",
      ),
    ).toEqual([]);
  });

  test("ordinary ends leave nothing behind: TERM ends the slivers, and the exit code is 0", async () => {
    await using plc = await startPlc("--slices", "1");
    const node = await startNode(plc.address, []);
    await node.see("sliver.started");
    const group = await sliverPids(node);
    expect(group).not.toEqual([]);
    node.signal("SIGTERM");
    expect(await node.exited).toEqual({ code: 0, signal: null });
    await gone(group);
  });

  test("a sliver whose processes die runs again", async () => {
    await using plc = await startPlc("--slices", "1");
    await using node = await startNode(plc.address, []);
    await node.see("sliver.started");
    const seen = node.lines.length;
    for (const pid of await sliverPids(node)) process.kill(pid, "SIGKILL");
    await node.see("sliver.exit", {}, seen);
    expect(await node.see("sliver.started", {}, seen)).toMatchObject({ name: "princeton_slice001" });
  });
});

describe("the network", () => {
  test("a refused connection is reported, and the next fetch comes", async () => {
    await using plc = await startPlc("--slices", "3");
    await using relay = await startCutter(plc.address);
    await using node = await startNode(relay.address, []);
    await node.see("document.applied");
    await relay.cut("refuse");
    await node.see("fetch.end", { outcome: "refused" });
    await relay.cut("never");
    await node.see("document.applied", {}, node.lines.length);
    expect(sliverNames(node)).toEqual(three);
  });

  test("without contain-fetch-errors a refused connection is the end", async () => {
    await using plc = await startPlc("--slices", "3");
    await using relay = await startCutter(plc.address);
    await relay.cut("refuse");
    await using node = await start("node-manager/main.ts", ["--poll", "50ms", "--without", "contain-fetch-errors"], {
      "plc.test:443": relay.address,
    });
    expect(await node.exited).toMatchObject({ code: 1 });
    expect(node.errors()).toContain("ECONNREFUSED");
  });

  const cuts = [
    { how: "fin", framing: "content-length", format: "versioned", outcome: "truncated" },
    { how: "fin", framing: "chunked", format: "legacy", outcome: "truncated" },
    { how: "fin", framing: "close", format: "versioned", outcome: "ok" },
    { how: "fin", framing: "close", format: "legacy", outcome: "ok" },
    { how: "rst", framing: "content-length", format: "legacy", outcome: "reset" },
    { how: "rst", framing: "chunked", format: "versioned", outcome: "reset" },
    { how: "rst", framing: "close", format: "legacy", outcome: "reset" },
  ] as const;
  const paths = { versioned: [], legacy } as const;

  test.for(cuts)(
    "$how in the middle of a $format document with $framing framing changes nothing; without whole-document it destroys slivers",
    async ({ how, framing, outcome, format }) => {
      await using plc = await startPlc("--slices", "12", "--framing", framing);
      await using relay = await startCutter(plc.address);
      await using node = await startNode(relay.address, paths[format]);
      await using naive = await startNode(relay.address, [...paths[format], "--without", "whole-document"]);
      for (const each of [node, naive]) await each.see("document.applied");
      const seen = node.lines.length;
      await relay.cut(how, 5000);
      await node.see("document.refused", {}, seen);
      expect(last(node, "fetch.end")).toMatchObject({ outcome });
      await naive.see("sliver.destroyed");
      await relay.cut("never");
      await node.see("document.applied", {}, node.lines.length);
      expect(node.lines.slice(seen).filter((line) => line.event === "slivers")).toEqual([]);
    },
  );

  test("without contain-fetch-errors a reset in the middle is the end", async () => {
    await using plc = await startPlc("--slices", "12");
    await using relay = await startCutter(plc.address);
    await relay.cut("rst", 5000);
    await using node = await start("node-manager/main.ts", ["--without", "contain-fetch-errors"], {
      "plc.test:443": relay.address,
    });
    expect(await node.exited).toMatchObject({ code: 1 });
    expect(node.errors()).toContain("not whole: the transfer was reset");
  });

  test("silence ends a fetch by the idle deadline, and without it by the total one", async () => {
    await using plc = await startPlc("--slices", "3");
    await using relay = await startCutter(plc.address);
    await relay.cut("hold", 3000);
    await using node = await startNode(relay.address, ["--fetch-idle", "200ms", "--fetch-total", "10m"]);
    await using naive = await startNode(relay.address, [
      "--fetch-idle",
      "200ms",
      "--fetch-total",
      "1s",
      "--without",
      "fetch-idle-deadline",
    ]);
    expect((await node.see("fetch.end"))["outcome"]).toBe("timeout");
    const { outcome, seconds } = await naive.see("fetch.end");
    expect(outcome).toBe("timeout");
    expect(seconds).toBeGreaterThanOrEqual(1);
  });
});

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
    const logged = texts.flatMap((text) => text.trimEnd().split("\n")).map((text) => (JSON.parse(text) as Line).event);
    const printed = node.lines
      .map((line) => line.event)
      .filter((event) => event !== "network.listening" && event !== "network.refused");
    expect(withoutReopening(logged)).toEqual(withoutReopening(printed));
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

describe("the state file", () => {
  const big = ["--slices", "8", "--key-bytes", "500000"];

  test("kill -9 in the middle of saves leaves an old state or a new one, and the slivers", async () => {
    await using plc = await startPlc(...big);
    let directory: string | undefined;
    for (let kill = 0; kill < 5; kill += 1) {
      const node: Program = await startNode(plc.address, [], directory);
      ({ directory } = node);
      await node.see("state.save.begin");
      node.signal("SIGKILL");
      await node.exited;
      expect(last(node, "state.corrupt")).toBeUndefined();
    }
    await using node = await startNode(plc.address, [], directory);
    expect(last(node, "state.corrupt")).toBeUndefined();
    expect(sliverNames(node)).toHaveLength(8);
  });

  test("without atomic-save kill -9 soon leaves a torn one; it is set aside, reported, and costs no sliver", async () => {
    await using plc = await startPlc(...big);
    let directory: string | undefined;
    for (let kill = 0; kill < 30; kill += 1) {
      const node: Program = await startNode(plc.address, ["--without", "atomic-save"], directory);
      ({ directory } = node);
      const corrupt = last(node, "state.corrupt");
      if (corrupt === undefined) await seeHalfWritten(node, join(directory, "state.json"));
      node.signal("SIGKILL");
      await node.exited;
      if (corrupt === undefined) continue;
      expect(sliverNames(node)).toHaveLength(8);
      expect(await isThere(join(directory, "state.json.corrupt"))).toBe(true);
      return;
    }
    expect.unreachable("thirty kills left no torn file");
  });

  test.for(["", "garbage"])(
    "a state file that holds %j is no reason to stop; without the guard it is",
    async (text) => {
      await using plc = await startPlc("--slices", "1");
      const directory = join(home, `run-${(run += 1)}`);
      await mkdir(directory);
      await writeFile(join(directory, "state.json"), text);
      await using naive = await start(
        "node-manager/main.ts",
        ["--without", "tolerate-corrupt-state"],
        { "plc.test:443": plc.address },
        directory,
      );
      expect(await naive.exited).toMatchObject({ code: 1 });
      await using node = await startNode(plc.address, [], directory);
      await node.see("state.corrupt");
      await node.see("document.applied");
    },
  );

  test("slivers run again while PLC is away; without start-cached-slivers they wait for it", async () => {
    await using plc = await startPlc("--slices", "3");
    const first = await startNode(plc.address, []);
    await first.see("state.save.end");
    await first[Symbol.asyncDispose]();
    await using nowhere = await startCutter(plc.address);
    await nowhere.cut("refuse");
    await using node = await startNode(nowhere.address, [], first.directory);
    for (const name of three) await node.see("sliver.started", { name });
    node.signal("SIGTERM");
    await node.exited;
    await using naive = await startNode(nowhere.address, ["--without", "start-cached-slivers"], first.directory);
    await naive.see("fetch.end", { outcome: "refused" }, naive.lines.length);
    expect(last(naive, "sliver.started")).toBeUndefined();
  });

  test("an old process of a sliver ends by itself when its Node Manager was killed and another has taken over", async () => {
    await using plc = await startPlc("--slices", "1");
    const first = await startNode(plc.address, []);
    await first.see("sliver.started");
    const old = await sliverPids(first);
    expect(old).not.toEqual([]);
    first.signal("SIGKILL");
    await first.exited;
    await using second = await startNode(plc.address, [], first.directory);
    await second.see("sliver.started");
    await gone(old);
  });
});

describe("the agent's calls", () => {
  test("acquire and bind, again and in vain, and after a restart", async () => {
    await using plc = await startPlc("--slices", "3");
    const first = await startNode(plc.address, []);
    await first.see("document.applied");
    const [, rcap] = (await call(first, "acquire", { nm_cpu_share: 1000 })) as [number, string];
    expect(rcap).toMatch(/^[0-9a-f]{32}$/);
    expect(await call(first, "acquire", { nm_cpu_share: 1000 })).toMatchObject([2, expect.anything()]);
    expect(await call(first, "acquire", { nm_cpu_share: 1.5 })).toMatchObject([1, expect.anything()]);
    expect(await call(first, "bind", "princeton_slice009", rcap)).toMatchObject([5, expect.anything()]);
    expect(await call(first, "bind", "princeton_slice001", rcap)).toEqual([0, "ok"]);
    expect(await call(first, "bind", "princeton_slice001", rcap)).toEqual([0, "ok"]);
    first.signal("SIGKILL");
    await first.exited;
    await using node = await startNode(plc.address, ["--unbound", "200ms"], first.directory);
    expect(await call(node, "bind", "princeton_slice001", rcap)).toEqual([0, "ok"]);
    expect(await call(node, "bind", "princeton_slice002", rcap)).toMatchObject([4, expect.anything()]);
    const [, unbound] = (await call(node, "acquire", { nm_cpu_share: 24 })) as [number, string];
    await node.see("resources.collected");
    expect(await call(node, "bind", "princeton_slice002", unbound)).toMatchObject([3, expect.anything()]);
    expect(await call(node, "status")).toMatchObject([
      0,
      { node_id: 42, slivers: three, resources: { capacity: 1024, bound: 1000, unbound: 0, free: 24 } },
    ]);
  });

  test("nonsense at the door is answered or dropped, and does no harm", async () => {
    await using plc = await startPlc("--slices", "1");
    await using node = await startNode(plc.address, []);
    await expect(call(node, "no.such.method")).rejects.toThrow("there is no method");
    const post = async (body: string | Uint8Array<ArrayBuffer>): Promise<string> =>
      (await fetch(`http://${String(portOf(node))}/`, { method: "POST", body })).text();
    expect(decodeReply(await post("GET / rubbish <<<"))).toHaveProperty("fault.code", -32_700);
    const large = await fetch(`http://${String(portOf(node))}/`, {
      method: "POST",
      body: new Uint8Array(2 * 1024 * 1024),
    }).then(
      (reply) => reply.status,
      () => "dropped",
    );
    expect([413, "dropped"]).toContain(large);
    expect((await fetch(`http://${String(portOf(node))}/`)).status).toBe(405);
    const [host = "", port = ""] = String(portOf(node)).split(":");
    for (const text of ["\u0016\u0003\u0001", "GET ", "\r\n\r\n\r\n", "x".repeat(100_000)]) {
      const socket = connect(Number(port), host).on("error", () => undefined);
      await once(socket, "connect");
      socket.write(text, () => socket.resetAndDestroy());
      await once(socket, "close");
    }
    expect(await call(node, "ping")).toMatchObject([0, { loop_age_ms: expect.any(Number) }]);
  });
});

describe("command lines", () => {
  test.for([
    ["node-manager/main.ts", ["--without", "atomic-sav"], "there is no such guard"],
    ["node-manager/main.ts", ["--poll", "10"], "write a duration with its unit"],
    ["node-manager/main.ts", ["--plc", "plc.test"], "write an address"],
    ["node-manager/main.ts", ["--polls", "10s"], "--polls"],
    ["plc/main.ts", ["--framing", "none"], "write one of content-length, chunked, close"],
    ["plc/main.ts", ["--data", "missing.json"], "ENOENT"],
  ] as const)("%s %j ends with code 2 and says why", async ([program, args, why]) => {
    await using refused = await start(program, args);
    expect(await refused.exited).toEqual({ code: 2, signal: null });
    expect(String(last(refused, "arguments.refused")?.["why"])).toContain(why);
  });
});

/** Ends the program and hands its directory on. */
async function moveAway(program: Program): Promise<string> {
  program.signal("SIGTERM");
  await program.exited;
  return program.directory;
}

/** Processes whose working directory lies in the slivers of a Node Manager. */
async function sliverPids(node: Program): Promise<readonly number[]> {
  const { readlink } = await import("node:fs/promises");
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const directories = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
  return pids.filter((_, index) => directories[index]?.startsWith(join(node.directory, "slivers"))).map(Number);
}

async function gone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    await expect
      .poll(
        async () => (await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "gone")).replace(/^.*\) Z .*$/s, "gone"),
        { timeout: 30_000, interval: 20 },
      )
      .toBe("gone");
  }
}

/** Until the file is there in part, or the save is over: the log alone comes too early or too late on a busy machine. */
async function seeHalfWritten(node: Program, file: string): Promise<void> {
  await node.see("state.save.begin");
  while (last(node, "state.save.end") === undefined) {
    const size = (await stat(file).catch(() => undefined))?.size ?? 0;
    if (size > 0 && size < 4_000_000) return;
  }
}
