import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import type { Listener } from "../host/host.ts";
import { createRealHost } from "../host/real.ts";
import { limitConnections } from "./limits.ts";

const host = createRealHost({ name: "door", directory: tmpdir(), seed: 1, log: () => undefined });

function knock({ address }: Listener): Socket {
  return connect({ host: "127.0.0.1", port: address.port }).on("error", () => undefined);
}

/** However it ends. */
const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once("close", resolve));

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = await once(socket, "data");
  return String(answer);
}

test("one connection too many is reset, the others live on, and a place that is left is free again", async () => {
  const waiting = new Set<() => void>();
  const limited = limitConnections(host, { connections: 2, lifetimeMs: 60_000 });
  await using door = await limited.network.listen({ host: "127.0.0.1", port: 0 }, (socket) => {
    socket.pipe(socket);
    socket.once("close", () => [...waiting].forEach((wake) => wake()));
  });
  const [first, second] = [knock(door), knock(door)];
  for (const socket of [first, second]) expect(await echo(socket, "let me in")).toBe("let me in");
  await closed(knock(door));
  for (const socket of [first, second]) expect(await echo(socket, "still here")).toBe("still here");
  const left = new Promise<void>((resolve) => waiting.add(resolve));
  first.destroy();
  await left;
  const fourth = knock(door);
  expect(await echo(fourth, "welcome")).toBe("welcome");
  for (const socket of [second, fourth]) socket.destroy();
});

test("no connection lives longer than its time, whatever it does", async () => {
  const limited = limitConnections(host, { connections: 2, lifetimeMs: 100 });
  await using door = await limited.network.listen({ host: "127.0.0.1", port: 0 }, (socket) => socket.pipe(socket));
  const began = performance.now();
  const socket = knock(door);
  socket.on("data", (chunk) => socket.write(chunk));
  socket.write("on and on");
  await closed(socket);
  expect(performance.now() - began).toBeGreaterThanOrEqual(90);
});
