/** What groups send and receive, judged by whoever is at the other end. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { createMembers } from "./members.ts";
import { createProcesses } from "./processes.ts";
import { startTraffic } from "./traffic.ts";

const sentBytes = 3_000_000;
const receivedBytes = 5_000_000;
const nothing = { sentBytes: 0, receivedBytes: 0, pastSentBytes: 0, pastReceivedBytes: 0 };
/** It begins when it is told to, and takes all that it gets. */
const script = `
exec 3<>/dev/tcp/127.0.0.1/$1; read -r _ <&3
head -c ${sentBytes} /dev/zero >&3 & cat <&3 >/dev/null; wait; exec 3>&-`;

async function startPeer(): Promise<{ readonly port: number; readonly accepted: Promise<Socket> } & AsyncDisposable> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const server = createServer(resolve).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    accepted: promise,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

test("what a group sends and receives is counted while connections are open, and when they have ended after the last look", async () => {
  await using peer = await startPeer();
  const processes = createProcesses({ directory: tmpdir(), most: () => Infinity, log: () => undefined });
  using traffic = await processes.traffic();
  const child = await processes.start("bash", ["-c", `${script}; sleep 1000`, "talk", String(peer.port)]);
  const look = async () => (await traffic.look()).get(child.pid);
  const socket = await peer.accepted;
  expect(await look()).toEqual(nothing);

  // A half of it is there at the next look, and the rest comes after that.
  socket.write(Buffer.concat([Buffer.from("\n"), Buffer.alloc(receivedBytes / 2 - 1)]));
  await expect.poll(look, { interval: 20 }).toMatchObject({ receivedBytes: receivedBytes / 2 });
  socket.resume().end(Buffer.alloc(receivedBytes / 2));
  await once(socket, "close");
  // FIN is a byte, too.
  const all = { ...nothing, pastSentBytes: sentBytes, pastReceivedBytes: receivedBytes + 1 };
  await expect.poll(look, { interval: 20 }).toEqual(all);

  child.signal("KILL");
  await child.exited;
  expect(await look()).toBeUndefined();
});

test("where there is no ss, the error says so", async () => {
  await expect(
    startTraffic(
      createMembers(() => new Map()),
      "/no/such/ss",
    ),
  ).rejects.toMatchObject({ code: "ENOENT" });
});
