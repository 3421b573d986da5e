/**
 * What groups of processes send and receive by TCP, as the kernel tells anybody who asks (sock_diag(7), by ss(8)).
 *
 *     /proc/PID/fd ── whose inode ──────────┐
 *     ss ──────────── inode, cookie, bytes ─┴─► connections ──► sums of each group
 *     ss --events ─── cookie, bytes in the end ──────┘
 *
 * A connection that has ended is nobody's any more, so that only those count which a look has seen; of these, all that they carried. UDP has no such counts.
 */
import { execFile, spawn } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import type { GroupTraffic, TrafficCounter } from "../host.ts";
import type { Crew, Members } from "./members.ts";

/** Of TCP, numeric, with what it has carried, whose it is, one a line, no header. */
const flags = ["-t", "-n", "-i", "-e", "-O", "-H"];
const limits = { timeout: 10_000, maxBuffer: 64 * 1024 * 1024 };
/** Line by line (ss would keep some back). It ends when its standard input does, and so with this program, however that ends. */
const follow = 'stdbuf -oL "$0" --events "$@" & read -r _; kill $!';

interface Bytes {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

interface Connection extends Bytes {
  readonly group: number;
  /** Since when, by the monotonic clock, no look has seen it: its end will be told, or never. */
  readonly missingSince: number | undefined;
}

/** On a busy machine the end of a connection is told long after the first look that misses it. */
const untoldMs = 10_000;

/** @throws {Error} if the first look fails. */
export async function startTraffic(members: Pick<Members, "look">, ss = "ss"): Promise<TrafficCounter> {
  const connections = new Map<string, Connection>();
  const past = new Map<number, Bytes>();
  /** What comes while a look is under way, which may still see the connection. */
  const ends: string[] = [];
  let looking: Promise<ReadonlyMap<number, GroupTraffic>> | undefined;

  const bury = (cookie: string, { group, ...bytes }: Omit<Connection, "missingSince">): void => {
    connections.delete(cookie);
    past.set(group, add(past.get(group) ?? nothing, bytes));
  };
  const hearEnd = (line: string): void => {
    const cookie = cookieOf(line);
    const known = connections.get(cookie);
    if (known !== undefined) bury(cookie, { ...known, ...combine(known, bytesIn(line), Math.max) });
  };
  /** Whose it has found. */
  const take = async (): Promise<ReadonlySet<number>> => {
    const { crews } = members.look();
    const alive = new Set(crews.keys());
    const owners = await ownersOf(crews);
    const { stdout } = await promisify(execFile)(ss, flags, limits);
    const seen = new Map(stdout.split("\n").map((line) => [cookieOf(line), line]));
    const now = performance.now();
    for (const [cookie, connection] of connections) {
      if (seen.has(cookie)) continue;
      const missingSince = connection.missingSince ?? now;
      if (now - missingSince > untoldMs) bury(cookie, connection);
      else connections.set(cookie, { ...connection, missingSince });
    }
    for (const [cookie, line] of seen) {
      const group = connections.get(cookie)?.group ?? owners.get(inodeOf(line));
      if (group !== undefined) connections.set(cookie, { group, ...bytesIn(line), missingSince: undefined });
    }
    for (const [cookie, { group }] of connections) if (!alive.has(group)) connections.delete(cookie);
    for (const group of past.keys()) if (!alive.has(group)) past.delete(group);
    return alive;
  };
  const settle = (): void => {
    looking = undefined;
    for (const line of ends.splice(0)) hearEnd(line);
  };
  const look = (): Promise<ReadonlyMap<number, GroupTraffic>> =>
    (looking ??= take()
      .finally(settle)
      .then((alive) => sumUp(alive, connections.values(), past)));

  const follower = spawn("sh", ["-c", follow, ss, ...flags], { stdio: ["pipe", "pipe", "ignore"] });
  follower.on("error", () => undefined);
  createInterface(follower.stdout).on("line", (line) => {
    if (looking === undefined) hearEnd(line);
    else ends.push(line);
  });
  const counter = { look, [Symbol.dispose]: () => void follower.stdin.on("error", () => undefined).end() };
  try {
    await look();
  } catch (error) {
    counter[Symbol.dispose]();
    throw error;
  }
  return counter;
}

const nothing: Bytes = { sentBytes: 0, receivedBytes: 0 };

function combine(one: Bytes, other: Bytes, by: (...numbers: number[]) => number): Bytes {
  return {
    sentBytes: by(one.sentBytes, other.sentBytes),
    receivedBytes: by(one.receivedBytes, other.receivedBytes),
  };
}
const add = (one: Bytes, other: Bytes): Bytes => combine(one, other, (a = 0, b = 0) => a + b);

function sumUp(
  groups: ReadonlySet<number>,
  connections: Iterable<Connection>,
  past: ReadonlyMap<number, Bytes>,
): ReadonlyMap<number, GroupTraffic> {
  const open = new Map<number, Bytes>();
  const ended = new Map(past);
  for (const { group, missingSince, ...bytes } of connections) {
    const sums = missingSince === undefined ? open : ended;
    sums.set(group, add(sums.get(group) ?? nothing, bytes));
  }
  return new Map(
    [...groups].map((group) => {
      const { sentBytes: pastSentBytes, receivedBytes: pastReceivedBytes } = ended.get(group) ?? nothing;
      return [group, { ...(open.get(group) ?? nothing), pastSentBytes, pastReceivedBytes }];
    }),
  );
}

/** The kernel's name for a connection, which no other has until the machine is started anew; nothing in a line that tells of none. */
const cookieOf = (line: string): string => / sk:(\w+)/.exec(line)?.[1] ?? "";
/** "0" if no process has it. */
const inodeOf = (line: string): string => / ino:(\d+)/.exec(line)?.[1] ?? "0";

/** A count that is 0 is left out. */
function bytesIn(line: string): Bytes {
  const count = (pattern: RegExp): number => Number(pattern.exec(line)?.[1] ?? 0);
  return {
    sentBytes: count(/ bytes_sent:(\d+)/) - count(/ bytes_retrans:(\d+)/),
    receivedBytes: count(/ bytes_received:(\d+)/),
  };
}

/** Of sockets that are open, by inode. Between two processes others have their turn: of hundreds, that takes a tenth of a second. */
async function ownersOf(crews: ReadonlyMap<number, Crew>): Promise<ReadonlyMap<string, number>> {
  const owners = new Map<string, number>();
  for (const [group, { processes }] of crews) {
    for (const { pid } of processes) {
      for (const inode of socketsOf(pid)) owners.set(inode, group);
      await setImmediate();
    }
  }
  return owners;
}

/** None if it has gone, or is somebody else's. */
function socketsOf(pid: number): readonly string[] {
  try {
    const directory = `/proc/${pid}/fd`;
    return readdirSync(directory).flatMap(
      (name) => /^socket:\[(\d+)\]$/.exec(linkAt(`${directory}/${name}`))?.[1] ?? [],
    );
  } catch {
    return [];
  }
}

/** Nothing if it has been closed meanwhile. */
function linkAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
