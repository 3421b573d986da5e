/**
 * What a simulation must not use: the real time, the real network, real randomness, the thread pool. It would make two runs of one seed differ.
 * While time passes, all of it throws inside a simulated process, by name, and works as ever outside of one.
 *
 * Node's own modules hold the originals, which they took when they were loaded: http is loaded here first, so that it never takes a guarded one.
 */
import childProcess from "node:child_process";
import cluster from "node:cluster";
import nodeCrypto from "node:crypto";
import dgram from "node:dgram";
import dns from "node:dns";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import os from "node:os";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import tls from "node:tls";
import workerThreads from "node:worker_threads";
import zlib from "node:zlib";
import { guard, refuse, type Forbidden } from "./guards.ts";
import { lendSurroundings } from "./surroundings.ts";
import { attributeCrashes } from "./uncaught.ts";

/** Not imported: that would load all that they export, a WebSocket client too, for each command of the command line. */
const [http, https] = [process.getBuiltinModule("node:http"), process.getBuiltinModule("node:https")];

const readTime = "take host.clock.monotonic()";
const readDate = "take host.clock.wall()";
const wait = "take host.clock.sleep(milliseconds) or host.clock.timer(milliseconds, callback)";
const draw = "take host.random.number() or host.random.bytes(length)";
const compute = "take a function of node:crypto or node:zlib that is synchronous and draws nothing";
const connect = "take host.network";
const request = "take host/http.ts over host.network";
const readFiles = "take host.files";
const start = "take host.processes.start(command, args)";
const hear = "take host.signals.on(name, handler)";
const end = "return an exit code from main, or throw";
const nowhere = "nobody may know which machine it runs on";

/** Draws, or goes through the thread pool. */
const randomOrPooled =
  /^(?:random|generate|create(?:ECDH|DiffieHellman)|checkPrime$|(?:pbkdf2|scrypt|hkdf|argon2)$|prng$|rng$|pseudo)/;

const all: readonly Forbidden[] = [
  ...these("performance", prototypeOf(performance), ["now", "mark", "measure", "timeOrigin", "toJSON"], readTime),
  ...these("performance", prototypeOf(performance), ["eventLoopUtilization"], readTime),
  ...these("process", process, ["hrtime", "uptime", "cpuUsage", "resourceUsage"], readTime),
  ...these("process.hrtime", process.hrtime, ["bigint"], readTime),
  ...these("", globalThis, ["setTimeout", "setInterval", "setImmediate"], wait),
  ...these("timers", timers, ["setTimeout", "setInterval"], wait),
  ...these("timers", timers, ["setImmediate"], wait, isNotOfNode),
  ...these("timers/promises", timersPromises, ["setTimeout", "setInterval", "setImmediate"], wait),
  ...these("scheduler", prototypeOf(timersPromises.scheduler), ["wait", "yield"], wait),
  ...these("AbortSignal", AbortSignal, ["timeout"], wait),
  ...these("Atomics", Atomics, ["wait", "waitAsync"], wait),
  ...these("Math", Math, ["random"], draw),
  ...these("crypto", Crypto.prototype, ["getRandomValues", "randomUUID"], draw),
  ...these("crypto", Crypto.prototype, ["subtle"], compute),
  ...these("crypto.subtle", SubtleCrypto.prototype, functionsOf(SubtleCrypto.prototype), compute),
  ...these(
    "crypto",
    nodeCrypto,
    functionsOf(nodeCrypto).filter((key) => randomOrPooled.test(key)),
    draw,
  ),
  ...these(
    "zlib",
    zlib,
    functionsOf(zlib).filter((key) => !key.endsWith("Sync") && key !== "crc32"),
    compute,
  ),
  ...these("", globalThis, ["CompressionStream", "DecompressionStream"], compute),
  ...these("", globalThis, ["fetch", "WebSocket"], request),
  ...these("http", http, ["get"], request),
  ...these("https", https, ["get", "request"], request),
  ...these("net", net, ["connect", "createConnection", "createServer"], connect),
  ...these("net.Socket", net.Socket.prototype, ["connect"], connect),
  ...these("net.Server", net.Server.prototype, ["listen"], connect),
  ...these("tls", tls, ["connect", "createServer", "TLSSocket"], connect),
  ...these("dgram", dgram, ["createSocket", "Socket"], connect),
  ...these("dns", dns, functionsOf(dns), connect),
  ...these("dns/promises", dns.promises, functionsOf(dns.promises), connect),
  ...these("fs", fs, functionsOf(fs).filter(isLowerCase), readFiles),
  ...these("fs/promises", fs.promises, functionsOf(fs.promises), readFiles),
  ...these("child_process", childProcess, functionsOf(childProcess).filter(isLowerCase), start),
  ...these("cluster", cluster, ["fork"], start),
  ...these("worker_threads", workerThreads, ["Worker", "MessageChannel", "BroadcastChannel"], start),
  ...these("", globalThis, ["MessageChannel", "BroadcastChannel"], start),
  ...these("process", process, ["on", "once", "addListener", "prependListener"], hear, isOfTheProcess),
  ...these("process", process, ["exit", "reallyExit", "abort", "kill"], end),
  ...these("process", process, ["chdir"], readFiles),
  ...these(
    "os",
    os,
    functionsOf(os).filter((key) => key !== "endianness"),
    nowhere,
  ),
];

let holders = 0;
let held: DisposableStack | undefined;

/** From now on until it is disposed, as often as it was called. */
export function forbid(): Disposable {
  holders += 1;
  held ??= guardAll();
  const stack = new DisposableStack();
  stack.defer(() => {
    holders -= 1;
    if (holders > 0) return;
    held?.dispose();
    held = undefined;
  });
  return stack;
}

function guardAll(): DisposableStack {
  const stack = new DisposableStack();
  // What is imported by name is a copy.
  stack.defer(syncBuiltinESMExports);
  for (const forbidden of all) stack.use(guard(forbidden));
  stack.use(guardDate());
  stack.use(attributeCrashes());
  stack.use(lendSurroundings());
  syncBuiltinESMExports();
  return stack;
}

/** A date that is given its time is as good as any; one that is given none takes the machine's. */
function guardDate(): Disposable {
  const real = Date;
  const now = (): number => {
    refuse({ name: "Date.now", instead: readDate });
    return real.now();
  };
  globalThis.Date = new Proxy(real, {
    apply: (target) => {
      refuse({ name: "Date()", instead: `take new Date(host.clock.wall())` });
      return target();
    },
    construct(target, args, newTarget) {
      if (args.length === 0) refuse({ name: "new Date()", instead: `take new Date(host.clock.wall())` });
      return Reflect.construct(target, args, newTarget) as Date;
    },
    // Who has kept Date itself from before is no program: a reporter, say, that stamps what a program prints.
    get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
  });
  real.prototype.constructor = globalThis.Date;
  return {
    [Symbol.dispose]() {
      globalThis.Date = real;
      real.prototype.constructor = real;
    },
  };
}

function these(
  prefix: string,
  holder: object,
  keys: readonly string[],
  instead: string,
  when?: Forbidden["when"],
): readonly Forbidden[] {
  return keys.map((key) => ({
    name: prefix === "" ? key : `${prefix}.${key}`,
    holder,
    key,
    instead,
    ...(when !== undefined && { when }),
  }));
}

function prototypeOf(one: object): object {
  return Object.getPrototypeOf(one) as object;
}

function functionsOf(holder: object): readonly string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(holder))
    .filter(([key, { value }]) => typeof value === "function" && key !== "constructor")
    .map(([key]) => key);
}

/** The classes of these modules only hold what functions return. */
function isLowerCase(key: string): boolean {
  return /^[a-z]/.test(key);
}

/** Signals, and the process's own end. Node itself listens for changes of the window's size when something is printed for the first time. */
function isOfTheProcess([event]: readonly unknown[]): boolean {
  return (
    typeof event === "string" && event !== "SIGWINCH" && /^(?:SIG|exit$|beforeExit$|uncaught|unhandled)/.test(event)
  );
}

/** Behind an error that was caught at the last moment, Node asks for an immediate that does nothing. */
function isNotOfNode([callback]: readonly unknown[]): boolean {
  return typeof callback !== "function" || callback.name !== "noop";
}
