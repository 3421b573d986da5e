/** Visitors whom nobody has asked for, at the door of a Node Manager that is a process, over real sockets. */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { call, last, portOf, prepare, startNode, startPlc, type Program } from "../programs.testing.ts";

prepare();

const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

async function knock(node: Program): Promise<Socket> {
  const [host = "", port = ""] = String(portOf(node)).split(":");
  const socket = connect(Number(port), host).on("error", () => undefined);
  sockets.add(socket);
  await once(socket, "connect");
  return socket;
}

const closed = (socket: Socket): Promise<unknown> =>
  socket.closed ? Promise.resolve() : new Promise((resolve) => socket.resume().once("close", resolve));

/** What the process has open: files, sockets, pipes. */
const openFiles = (node: Program): number => readdirSync(`/proc/${node.pid}/fd`).length;

async function doorOf(node: Program): Promise<Readonly<Record<string, unknown>>> {
  const [, status] = (await call(node, "status")) as [number, unknown];
  return (status as { readonly rpc: Record<string, unknown> }).rpc;
}

const clientHello = Buffer.from("16030100c8010000c40303", "hex");
const visitors: Readonly<Record<string, (socket: Socket) => void>> = {
  "connect and reset": (socket) => void socket.resetAndDestroy(),
  "connect and close": (socket) => void socket.end(),
  "a TLS hello": (socket) => void socket.write(Buffer.concat([clientHello, Buffer.alloc(200, 7)])),
  "GET and garbage": (socket) => void socket.write("GET \u0000\u0001\u0002 / rubbish\r\n\r\n"),
  "a line of 1 MB": (socket) => void socket.write("x".repeat(1_000_000)),
  "a body of 1 MB": (socket) =>
    void socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(1_000_000)}`),
  "half a head": (socket) => void socket.write("POST / HTTP/1.1\r\nHost: a\r\n"),
  "half a body": (socket) => void socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx"),
  "not a word": () => undefined,
};

test("each is gone in the end, whatever it does, with all that it had open, and one short line", async () => {
  await using plc = await startPlc("--slices", "1");
  await using node = await startNode(plc.address, ["--rpc-deadline", "300ms", "--poll", "1h"]);
  await node.see("document.applied");
  await call(node, "ping");
  await node.see("state.save.end");
  const before = openFiles(node);
  for (const [what, visit] of Object.entries(visitors)) {
    const from = node.lines.length;
    const socket = await knock(node);
    visit(socket);
    await closed(socket);
    const line = await node.see("rpc.visitor", {}, from);
    expect([what, line["why"]]).toEqual([what, expect.stringMatching(/^.{1,100}$/)]);
    expect([what, await call(node, "ping")]).toMatchObject([what, [0, { loop_age_ms: expect.any(Number) }]]);
  }
  await expect.poll(() => openFiles(node), { timeout: 60_000, interval: 20 }).toBeLessThanOrEqual(before);
  expect(await doorOf(node)).toMatchObject({ open: 1, turned_away: Object.keys(visitors).length });
});

test("two hundred that say nothing take no place from whoever has something to ask, and twenty lines of the log", async () => {
  await using plc = await startPlc("--slices", "1");
  await using node = await startNode(plc.address, ["--rpc-deadline", "1s", "--rpc-connections", "10", "--poll", "1h"]);
  const silent: Socket[] = [];
  for (let n = 0; n < 200; n += 1) silent.push(await knock(node));
  expect(await call(node, "ping")).toMatchObject([0, expect.anything()]);
  await Promise.all(silent.map(closed));
  const door = await doorOf(node);
  expect(door).toMatchObject({ open: 1, turned_away: 200, unlogged: 180 });
  expect(door["most"]).toBeLessThanOrEqual(11);
  expect(node.lines.filter(({ event }) => event === "rpc.visitor")).toHaveLength(20);
  expect(last(node, "rpc.visitor")?.["why"]).toBe("it made room for others");
});
