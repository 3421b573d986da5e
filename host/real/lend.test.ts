import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { takeOver } from "./lend.ts";

const sent = Buffer.alloc(4 * 1024 * 1024, "x");
const largestRead = 256 * 1024;
const share = 2 * 1024 * 1024;

test("however many sockets have much to read, one turn of the event loop reads little, and all is read", async () => {
  const accepted: Socket[] = [];
  await using server = createServer({ pauseOnConnect: true }, (socket) => void accepted.push(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const clients = Array.from({ length: 8 }, () => connect(port, "127.0.0.1"));
  for (const client of clients) client.end(sent);
  await Promise.all(clients.map((client) => once(client, "connect")));
  while (accepted.length < clients.length) await setImmediate();

  let read = 0;
  let most = 0;
  const readers = accepted.map((socket) =>
    takeOver(socket, (bytes, done) => {
      read += bytes.length;
      done?.();
    }),
  );
  const closed = readers.map((reader) => once(reader.resume().end(), "close"));
  for (let before = 0; read < clients.length * sent.length; before = read) {
    await setImmediate();
    most = Math.max(most, read - before);
  }
  expect(read).toBe(clients.length * sent.length);
  expect(most).toBeLessThanOrEqual(share + clients.length * largestRead);
  await Promise.all(closed);
});
