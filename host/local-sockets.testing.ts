/** Unix domain sockets. Part of the contract of every host. */
import { expect, test } from "vitest";
import type { Host, Socket } from "./host.ts";
import { quiet, readBytes, type HostPair } from "./talk.testing.ts";

const socketPath = "door.sock";
const connectTo = (host: Host, path = socketPath): Promise<Socket> =>
  host.network.connect({ host: "", port: 0, socketPath: path });

export function describeLocalSockets(startPair: () => Promise<HostPair>): void {
  test("carries bytes both ways between processes of one machine, and its ends have no address", async () => {
    await using pair = await startPair();
    const accepted = Promise.withResolvers<Socket>();
    await using listener = await pair.server.network.listen({ port: 0, socketPath }, (socket) =>
      accepted.resolve(quiet(socket)),
    );
    expect(listener.address).toEqual({ host: socketPath, port: 0 });
    const client = quiet(await connectTo(pair.server));
    const server = await accepted.promise;
    client.write("ping");
    expect(await readBytes(server, 4)).toBe("ping");
    server.write("pong");
    expect(await readBytes(client, 4)).toBe("pong");
    expect([client.remoteAddress, server.remoteAddress]).toEqual([undefined, undefined]);
    for (const socket of [client, server]) socket.resetAndDestroy();
  });

  test("is not there before, taken while somebody listens, and gone when its door is closed", async () => {
    await using pair = await startPair();
    const { network } = pair.server;
    await expect(connectTo(pair.server)).rejects.toMatchObject({ code: "ENOENT" });
    const listener = await network.listen({ port: 0, socketPath }, (socket) => socket.destroy());
    await expect(network.listen({ port: 0, socketPath }, () => {})).rejects.toMatchObject({ code: "EADDRINUSE" });
    await expect(listener.silence()).rejects.toThrow("nothing gets lost on the way");
    await listener[Symbol.asyncDispose]();
    await expect(connectTo(pair.server)).rejects.toMatchObject({ code: "ENOENT" });
    await using next = await network.listen({ port: 0, socketPath }, (socket) => socket.destroy());
    quiet(await connectTo(pair.server)).destroy();
    expect(next.address).toEqual({ host: socketPath, port: 0 });
  });
}
